/* Priorities of HTTP/3 requests as structs and as text (RFC 9218). */
#include <string.h>
#include <xquic/xqc_http3.h>

#include "sim.h"

/* What the longest text takes. */
#define LONGEST 31

/* Reads `text` as a host does that has it in a field value: no zero behind its end counts. */
static xqc_int_t parse(xqc_h3_priority_t *priority, const char *text)
{
    memset(priority, 0xff, sizeof(*priority));
    return xqc_parse_http_priority(priority, (const uint8_t *)text, strlen(text));
}

static void check_priority(const xqc_h3_priority_t *got, unsigned urgency, unsigned incremental)
{
    CHECK_EQ(got->urgency, urgency);
    CHECK_EQ(got->incremental, incremental);
    CHECK_EQ(got->schedule, 0);
    CHECK_EQ(got->reinject, 0);
    CHECK_EQ(got->fec, 0);
    CHECK_EQ(got->fastpath, 0);
}

static void check_text(xqc_h3_priority_t priority, const char *text)
{
    char got[LONGEST + 2];
    memset(got, '#', sizeof(got));
    check_context("%s", text);
    CHECK_EQ(xqc_write_http_priority(&priority, (uint8_t *)got, LONGEST), strlen(text));
    CHECK_EQ(memcmp(got, text, strlen(text)), 0);
    CHECK_EQ(got[strlen(text)], '#');
}

static xqc_h3_priority_t defaults(void)
{
    xqc_h3_priority_t priority;
    memset(&priority, 0xff, sizeof(priority));
    xqc_h3_priority_init(&priority);
    return priority;
}

static void a_new_priority_has_the_defaults(void)
{
    xqc_h3_priority_t priority = defaults();
    check_priority(&priority, XQC_DEFAULT_HTTP_PRIORITY_URGENCY, 0);
}

static void text_names_what_has_a_value(void)
{
    xqc_h3_priority_t priority = defaults();
    check_text(priority, "u=3, s=0, r=0, f=00000000");
    priority.urgency = 0;
    priority.incremental = 1;
    check_text(priority, "u=0, i, s=0, r=0, f=00000000");
    priority.schedule = 1;
    priority.reinject = 2;
    priority.fec = XQC_FEC_MIDDLE;
    priority.fastpath = 1;
    check_text(priority, "u=0, i, s=1, r=2, f=00020480, p");
    priority.incremental = 0;
    check_text(priority, "u=0, s=1, r=2, f=00020480, p");
}

static void text_needs_room_for_the_longest(void)
{
    xqc_h3_priority_t priority = defaults();
    uint8_t room[LONGEST];
    for (size_t size = 0; size < LONGEST; size++) {
        CHECK_EQ(xqc_write_http_priority(&priority, room, size), (size_t)-XQC_H3_BUFFER_EXCEED);
    }
    CHECK(xqc_write_http_priority(&priority, room, LONGEST) <= LONGEST);
}

/* Upstream writes characters behind the digits, and cuts the leading digits of a large size. */
static void values_without_a_digit_are_not_written(void)
{
    uint8_t room[LONGEST];
    for (unsigned field = 0; field < 4; field++) {
        check_context("field %u", field);
        xqc_h3_priority_t priority = defaults();
        uint8_t *values[] = {&priority.urgency, &priority.incremental, &priority.schedule,
                             &priority.reinject};
        static const uint8_t most[] = {7, 1, 9, 9};
        *values[field] = most[field];
        CHECK(xqc_write_http_priority(&priority, room, LONGEST) <= LONGEST);
        *values[field] = most[field] + 1;
        CHECK_EQ(xqc_write_http_priority(&priority, room, LONGEST),
                 (size_t)-XQC_H3_INVALID_PRIORITY);
    }
    xqc_h3_priority_t priority = defaults();
    priority.fec = 123456789;
    check_text(priority, "u=3, s=0, r=0, f=99999999");
}

static void fields_of_peers_are_read(void)
{
    xqc_h3_priority_t priority;
    static const struct {
        const char *text;
        unsigned urgency;
        unsigned incremental;
    } cases[] = {
        {"", 3, 0},      {"u=0", 0, 0},          {"u=7, i", 7, 1},      {"i", 3, 1},
        {"i=?0", 3, 0},  {"u=5,i=?1", 5, 1},     {"i, u=1", 1, 1},      {"  u=2", 2, 0},
        {"x=9, u=1", 1, 0}, {"u=1, u=4", 4, 0}, {"u=1;a=b, i", 1, 1},
    };
    for (size_t index = 0; index < CHECK_COUNT(cases); index++) {
        check_context("%s", cases[index].text);
        CHECK_EQ(parse(&priority, cases[index].text), XQC_OK);
        check_priority(&priority, cases[index].urgency, cases[index].incremental);
    }
}

static void what_is_written_is_read(void)
{
    xqc_h3_priority_t priority = defaults();
    priority.urgency = 6;
    priority.incremental = 1;
    priority.schedule = 1;
    priority.reinject = 3;
    priority.fec = XQC_FEC_NORMAL;
    priority.fastpath = 1;
    char text[LONGEST + 1] = {0};
    size_t length = xqc_write_http_priority(&priority, (uint8_t *)text, LONGEST);
    CHECK_EQ(length, LONGEST);
    xqc_h3_priority_t got;
    memset(&got, 0, sizeof(got));
    CHECK_EQ(xqc_parse_http_priority(&got, (const uint8_t *)text, length), XQC_OK);
    CHECK_EQ(got.urgency, 6);
    CHECK_EQ(got.incremental, 1);
    CHECK_EQ(got.schedule, 1);
    CHECK_EQ(got.reinject, 3);
    CHECK_EQ(got.fec, XQC_FEC_NORMAL);
    CHECK_EQ(got.fastpath, 1);
    CHECK_EQ(parse(&got, "f=100"), XQC_OK);
    CHECK_EQ(got.fec, XQC_FEC_CLOSE);
}

static void an_incremental_that_is_no_boolean_is_an_error(void)
{
    xqc_h3_priority_t priority;
    CHECK_EQ(parse(&priority, "i=1"), -XQC_H3_INVALID_PRIORITY);
    CHECK_EQ(parse(&priority, "u=1, i=yes, s=1"), -XQC_H3_INVALID_PRIORITY);
}

/* Upstream leaves the struct as it was. */
static void an_error_leaves_the_defaults(void)
{
    xqc_h3_priority_t priority;
    static const char *texts[] = {"u=1, i=1", "u=1,", "u=1 i", "u=", "U=1", "u=1, \xff"};
    for (size_t index = 0; index < CHECK_COUNT(texts); index++) {
        check_context("%s", texts[index]);
        CHECK_EQ(parse(&priority, texts[index]), -XQC_H3_INVALID_PRIORITY);
        check_priority(&priority, XQC_DEFAULT_HTTP_PRIORITY_URGENCY, 0);
    }
}

/* RFC 9218 section 4. Upstream takes any number as an urgency. */
static void a_bad_member_takes_its_default(void)
{
    xqc_h3_priority_t priority;
    static const char *texts[] = {"u=8, i", "u=-1, i", "u=2.5, i", "u=\"1\", i", "u, i", "u=1,u=x,i"};
    for (size_t index = 0; index < CHECK_COUNT(texts); index++) {
        check_context("%s", texts[index]);
        CHECK_EQ(parse(&priority, texts[index]), XQC_OK);
        check_priority(&priority, XQC_DEFAULT_HTTP_PRIORITY_URGENCY, 1);
    }
}

static void the_length_ends_the_text_and_so_does_a_zero(void)
{
    xqc_h3_priority_t priority;
    CHECK_EQ(xqc_parse_http_priority(&priority, (const uint8_t *)"u=1\0, i", 7), XQC_OK);
    check_priority(&priority, 1, 0);
    if (!check_upstream()) {
        CHECK_EQ(xqc_parse_http_priority(&priority, (const uint8_t *)"u=15", 3), XQC_OK);
        check_priority(&priority, 1, 0);
    }
}

static void null_is_refused(void)
{
    xqc_h3_priority_t priority = defaults();
    uint8_t room[LONGEST];
    xqc_h3_priority_init(NULL);
    CHECK_EQ(xqc_write_http_priority(NULL, room, LONGEST), (size_t)-XQC_H3_EPARAM);
    CHECK_EQ(xqc_write_http_priority(&priority, NULL, LONGEST), (size_t)-XQC_H3_EPARAM);
    CHECK_EQ(xqc_parse_http_priority(NULL, (const uint8_t *)"i", 1), -XQC_H3_EPARAM);
    CHECK_EQ(xqc_parse_http_priority(&priority, NULL, 1), -XQC_H3_EPARAM);
    CHECK_EQ(xqc_parse_http_priority(&priority, NULL, 0), XQC_OK);
    check_priority(&priority, XQC_DEFAULT_HTTP_PRIORITY_URGENCY, 0);
}

static const check_case CASES[] = {
    {"a_new_priority_has_the_defaults", a_new_priority_has_the_defaults, 0},
    {"text_names_what_has_a_value", text_names_what_has_a_value, 0},
    {"text_needs_room_for_the_longest", text_needs_room_for_the_longest, 0},
    {"values_without_a_digit_are_not_written", values_without_a_digit_are_not_written,
     CHECK_UPSTREAM_FAILS},
    {"fields_of_peers_are_read", fields_of_peers_are_read, 0},
    {"what_is_written_is_read", what_is_written_is_read, 0},
    {"an_incremental_that_is_no_boolean_is_an_error",
     an_incremental_that_is_no_boolean_is_an_error, 0},
    {"an_error_leaves_the_defaults", an_error_leaves_the_defaults, CHECK_UPSTREAM_FAILS},
    {"a_bad_member_takes_its_default", a_bad_member_takes_its_default, CHECK_UPSTREAM_FAILS},
    {"the_length_ends_the_text_and_so_does_a_zero", the_length_ends_the_text_and_so_does_a_zero, 0},
    {"null_is_refused", null_is_refused, CHECK_OURS_ONLY},
};

int main(int argc, char **argv)
{
    return check_main(argc, argv, CASES, CHECK_COUNT(CASES));
}
