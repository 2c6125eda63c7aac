#include "reason.h"

#include <stdio.h>

/* RFC 9001 section 4.8: a TLS alert travels as 0x100 plus its number. */
#define TLS_ALERT_BASE 0x100
/* The alerts about certificates, from bad_certificate to unknown_ca. */
#define FIRST_CERTIFICATE_ALERT 42
#define LAST_CERTIFICATE_ALERT 48

/* The transport errors of RFC 9000 section 20.1, by number. */
static const char *
transport_error(int code)
{
    static const char *const names[] = {
        "no error",
        "internal error",
        "connection refused",
        "flow control error",
        "stream limit error",
        "stream state error",
        "final size error",
        "frame encoding error",
        "transport parameter error",
        "connection ID limit error",
        "protocol violation",
        "invalid token",
        "application error",
        "crypto buffer exceeded",
        "key update error",
        "AEAD limit reached",
        "no viable path",
    };

    return code >= 0 && code < (int) (sizeof(names) / sizeof(names[0])) ? names[code] : NULL;
}

/* The alerts a QUIC client may well meet (RFC 8446 section 6.2). */
static const char *
tls_alert(int alert)
{
    switch (alert) {
    case 40:
        return "handshake failure";
    case 42:
        return "bad certificate";
    case 43:
        return "unsupported certificate";
    case 44:
        return "certificate revoked";
    case 45:
        return "certificate expired";
    case 46:
        return "certificate not acceptable";
    case 48:
        return "certificate of an unknown authority";
    case 70:
        return "no common TLS version";
    case 80:
        return "internal TLS error";
    case 112:
        return "server name not recognised";
    case 120:
        return "no common application protocol";
    default:
        return NULL;
    }
}

void
reason_describe(int code, int type, char *text, size_t size)
{
    const char *side = type == XQC_CONN_ERR_TYPE_UNKNOWN ? "" : "by the peer, ";
    const char *alert = tls_alert(code - TLS_ALERT_BASE);

    if (alert != NULL && type != XQC_CONN_ERR_TYPE_APPLICATION) {
        snprintf(text, size, "closed %s%s (TLS alert %d)", side, alert, code - TLS_ALERT_BASE);
    } else if (type == XQC_CONN_ERR_TYPE_APPLICATION) {
        snprintf(text, size, "closed by the peer's application, code 0x%x", (unsigned) code);
    } else if (code == 0 && type == XQC_CONN_ERR_TYPE_UNKNOWN) {
        snprintf(text, size, "the peer fell silent");
    } else if (transport_error(code) != NULL) {
        snprintf(text, size, "closed %s%s (0x%x)", side, transport_error(code), (unsigned) code);
    } else {
        snprintf(text, size, "closed %scode 0x%x", side, (unsigned) code);
    }
}

enum exit_status
reason_status(int code, int type, bool connected)
{
    if (code == 0 && type == XQC_CONN_ERR_TYPE_UNKNOWN) {
        return STATUS_TIMEOUT;
    }
    if (connected) {
        return STATUS_RECEIVE;
    }
    if (code >= TLS_ALERT_BASE + FIRST_CERTIFICATE_ALERT
        && code <= TLS_ALERT_BASE + LAST_CERTIFICATE_ALERT)
    {
        return STATUS_CERTIFICATE;
    }
    return code >= TLS_ALERT_BASE && code < 2 * TLS_ALERT_BASE ? STATUS_TLS : STATUS_CONNECT;
}
