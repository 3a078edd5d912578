/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Goes through the same reader as RETR, so that both cannot disagree; each CRLF becomes LF. */
#include "write.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "reader.h"

/* A CR waits for what comes behind it, perhaps in the next piece. */
static void drop_cr(struct text *out, struct span piece, bool *held)
{
	out->len = 0;
	for (size_t i = 0; i < piece.len; i++) {
		if (*held && piece.data[i] != '\n')
			text_add(out, "\r", 1);
		*held = piece.data[i] == '\r';
		if (!*held)
			text_add(out, piece.data + i, 1);
	}
}

static bool write_one(int fd, struct mailbox *box, uint32_t id, struct problem *p)
{
	struct reader r;
	struct text text = {0};
	struct span piece;
	bool held = false, done = reader_open(&r, box, id, STUFF_NONE, p);

	while (done && (piece = reader_next(&r)).len) {
		drop_cr(&text, piece, &held);
		if (!write_whole(fd, text.data, text.len))
			done = problem_set(p, "cannot write: %s", strerror(errno));
	}
	text_release(&text);
	reader_close(&r);
	return done;
}

bool write_mail(const char *folder, const char *spec, const struct mailbox_style *style,
	uint32_t first, struct problem *p)
{
	struct mailbox *box = mailbox_new(spec, style, p);
	bool done = box != NULL;
	int dir = -1;

	if (done && mkdir(folder, 0777) != 0 && errno != EEXIST)
		done = problem_set(p, "cannot make %s: %s", folder, strerror(errno));
	if (done && (dir = open(folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC)) < 0)
		done = problem_set(p, "cannot open %s: %s", folder, strerror(errno));
	for (uint32_t id = first ? first : 1; done && id <= box->count; id++) {
		char name[16];
		snprintf(name, sizeof name, "%07u", id);
		int fd = openat(dir, name, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0666);
		if (fd < 0) {
			done = problem_set(p, "cannot make %s: %s", name, strerror(errno));
			break;
		}
		done = write_one(fd, box, id, p);
		close(fd);
	}
	if (dir >= 0)
		close(dir);
	mailbox_free(box);
	return done;
}
