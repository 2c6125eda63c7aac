#define _GNU_SOURCE
#include "session_file.h"

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

/* Larger than any ticket, so that a wrong file does no harm. */
#define MAX_PART 65536

static const char *const names[] = { "session", "parameters", "token" };

#define PARTS (sizeof(names) / sizeof(names[0]))

static const struct kept_bytes *
part_of(const struct session_file *session, size_t index)
{
    const struct kept_bytes *const parts[PARTS] = {
        &session->ticket, &session->parameters, &session->token,
    };

    return parts[index];
}

void
kept_bytes_set(struct kept_bytes *part, const void *data, size_t size)
{
    free(part->data);
    part->data = size > 0 ? malloc(size) : NULL;
    part->size = part->data != NULL ? size : 0;
    if (part->data != NULL) {
        memcpy(part->data, data, size);
    }
}

/* A part is a line with its name and size, the bytes, and a line end. */
static bool
read_part(FILE *file, const char *name, struct kept_bytes *part)
{
    static char bytes[MAX_PART];
    char        found[16];
    size_t      size;

    if (fscanf(file, "%15s %zu", found, &size) != 2 || strcmp(found, name) != 0 || size > MAX_PART
        || fgetc(file) != '\n' || fread(bytes, 1, size, file) != size)
    {
        return false;
    }
    kept_bytes_set(part, bytes, size);
    return fgetc(file) == '\n';
}

void
session_file_load(struct session_file *session, const char *path)
{
    FILE *file = fopen(path, "rb");
    bool  good = file != NULL;

    for (size_t i = 0; good && i < PARTS; i++) {
        good = read_part(file, names[i], (struct kept_bytes *) part_of(session, i));
    }
    if (!good) {
        session_file_free(session);
    }
    if (file != NULL) {
        fclose(file);
    }
}

bool
session_file_store(const struct session_file *session, const char *path)
{
    int   descriptor = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, S_IRUSR | S_IWUSR);
    FILE *file = descriptor < 0 ? NULL : fdopen(descriptor, "wb");
    bool  complete;

    if (file == NULL) {
        return false;
    }
    for (size_t i = 0; i < PARTS; i++) {
        const struct kept_bytes *part = part_of(session, i);

        fprintf(file, "%s %zu\n", names[i], part->size);
        if (part->size > 0) {
            fwrite(part->data, 1, part->size, file);
        }
        fputc('\n', file);
    }
    complete = ferror(file) == 0;
    return fclose(file) == 0 && complete;
}

void
session_file_free(struct session_file *session)
{
    free(session->ticket.data);
    free(session->parameters.data);
    free(session->token.data);
    memset(session, 0, sizeof(*session));
}
