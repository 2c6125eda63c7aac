#define _GNU_SOURCE
#include "udp.h"

#include <arpa/inet.h>
#include <errno.h>
#include <netdb.h>
#include <netinet/in.h>
#include <netinet/udp.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>
#include <xquic/xquic.h>

/* With generic receive offload the kernel hands over up to 64 KiB of datagrams in one buffer. */
#define BUFFER_SIZE 65535
#define RECEIVE_BATCH 16
#define BATCHES_PER_CALL 4
/* What the kernel cuts into datagrams at once (generic segmentation offload). */
#define TRAIN_DATAGRAMS 64
#define TRAIN_BYTES 65000
/* Enough for bursts; more would only let the queue, and with it the round-trip time, grow. */
#define SOCKET_BUFFER (1024 * 1024)
