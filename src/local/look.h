/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef AMBIL_LOCAL_LOOK_H
#define AMBIL_LOCAL_LOOK_H

#include <stdbool.h>
#include <stdint.h>

#include "base/error.h"
#include "local/sink.h"

/* What sink_open() would find, found without making or changing anything. */
struct sink_look {
	bool on_disk;         /* a Maildir or an mbox: what follows is known */
	bool exists;          /* else it would be made */
	uint64_t free_octets; /* for us on its file system */
	pid_t lock_holder;    /* of an mbox: the process that has it locked; 0: none */
	bool lock_file;       /* PATH.lock is there */
	bool lock_file_can_be_made;
};
/* False when mail could not be delivered: ERROR_DELIVERY, or ERROR_CONFIG for a command. */
bool sink_look(const struct destination *d, struct sink_look *out, struct error *e) MUST_CHECK;

/* Less room than this is worth a warning. */
enum { SINK_ROOM_WANTED = 100 * 1024 * 1024 };
/* Pure: what statvfs() says of a disk that is full. files_max 0: it does not count files. */
bool sink_has_room(uint64_t free_octets, uint64_t files_free, uint64_t files_max, const char *shown,
	struct error *e) MUST_CHECK;

#endif
