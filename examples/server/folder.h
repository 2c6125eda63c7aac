/* Opening files below a folder, and nothing beside it. */
#ifndef EXAMPLES_FOLDER_H
#define EXAMPLES_FOLDER_H

/* A descriptor for openings below `directory`, or -1 with errno set. */
int folder_root(const char *directory);

/*
 * Opens for reading what `path`, which request_path_decode() made, names below the root. Symbolic
 * links are followed as long as they stay inside, where the kernel can tell, and otherwise not at
 * all. Returns a descriptor, or -1 with errno set.
 */
int folder_open(int root_fd, const char *path);

#endif
