/* What kind of thing a file is, judged by the end of its name. */
#ifndef EXAMPLES_MEDIA_TYPE_H
#define EXAMPLES_MEDIA_TYPE_H

/* A value for content-type; application/octet-stream for what is not known. */
const char *media_type(const char *path);

#endif
