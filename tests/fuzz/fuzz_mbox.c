/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Invariant: recovery changes nothing in an mbox but to cut off, behind where the batch began, a
 * torn part of its own mail; what it calls delivered is there, what it calls absent is not. */
/*
 * A line of digits and letters says what becomes of the file; see struct story. Then, parted by FS
 * (0x1c), what was in the mbox before, what another program puts behind, and the mails of a batch.
 * With an empty first line the second part is a receipt, and the rest is the mbox as it is found.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/file.h"
#include "fuzz.h"
#include "local/kinds.h"
#include "local/mboxrd.h"

enum { PART_MARK = 0x1c, NOW = 1795490813, MAILS_MAX = 4 };

/* What a crash has left of the batch that was appended. */
struct story {
	unsigned lost;  /* octets at its end that never came to the disk */
	unsigned zeros; /* octets before these that came as zeros */
	bool rewritten; /* a mail reader has taken the first octet away since */
};

static char folder[100], path[120];

static void clean_up(void)
{
	unlink(path);
	rmdir(folder);
}

static void make_folder(void)
{
	struct stat st;

	if (folder[0])
		return;
	/* In memory where that can be had: all is synced again and again. */
	snprintf(folder, sizeof(folder), "%s/ambil-fuzz-XXXXXX", stat("/dev/shm", &st) == 0 ? "/dev/shm" : "/tmp");
	CHECK(mkdtemp(folder));
	snprintf(path, sizeof(path), "%s/mbox", folder);
	atexit(clean_up);
}

static void write_mbox(struct span text)
{
	int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC, 0600);

	CHECK(fd >= 0 && file_write_all(fd, text.data, text.len));
	close(fd);
}

static void read_mbox(struct buf *out)
{
	struct stat st;

	CHECK(stat(path, &st) == 0 && file_slurp(path, (size_t)st.st_size, out, NULL, NULL));
}

static struct sink *open_mbox(struct destination *d)
{
	char *text = xasprintf("mbox:%s", path);
	struct sink *k;

	CHECK(destination_parse(text, "fuzz", NULL, d, NULL));
	d->received_header = false;
	k = sink_open(d, "fuzz", NULL);
	CHECK(k);
	mbox_set_patience(k, 0);
	free(text);
	return k;
}

/* Appends the mails, as a run does that nothing befalls; how many there were. */
static size_t deliver(struct span mails, struct receipt *receipts)
{
	struct mail_info info = {.now_s = NOW};
	struct destination d;
	struct sink *k = open_mbox(&d);
	struct sink_batch *batch;
	size_t n = 0;

	do {
		struct span mail = take_until(&mails, PART_MARK);

		CHECK(k->ops->begin(k, &info, NULL) && k->ops->write(k, mail, NULL) && k->ops->end(k, NULL));
		n++;
	} while (mails.len && n < MAILS_MAX);
	batch = k->ops->cut(k);
	CHECK(k->ops->prepare(k, batch, receipts, n, NULL) && k->ops->commit(k, batch, receipts, n, NULL));
	k->ops->batch_free(k, batch, false);
	sink_free(k);
	destination_release(&d);
	return n;
}

static struct story read_story(struct span line)
{
	struct story s = {.lost = 0};
	unsigned *number = &s.lost;

	for (size_t i = 0; i < line.len; i++) {
		if (line.data[i] == 'z')
			number = &s.zeros;
		else if (line.data[i] == 'r')
			s.rewritten = true;
		else
			*number = (*number * 10 + (uint8_t)line.data[i] % 16) % 100000;
	}
	return s;
}

/* What is found after the crash. */
static void befall(const struct story *s, size_t base, struct buf *mbox, struct span foreign)
{
	size_t lost = s->lost < mbox->len - base ? s->lost : mbox->len - base, zeros;

	mbox->len -= lost;
	zeros = s->zeros < mbox->len - base ? s->zeros : mbox->len - base;
	if (zeros)
		memset(mbox->data + mbox->len - zeros, 0, zeros);
	buf_add(mbox, foreign.data, foreign.len);
	if (s->rewritten && mbox->len)
		memmove(mbox->data, mbox->data + 1, --mbox->len);
}

/* ---- what must hold ---- */

static bool is_from(struct span text, size_t at)
{
	return text.len - at >= 5 && memcmp(text.data + at, "From ", 5) == 0 && (at == 0 || text.data[at - 1] == '\n');
}

static bool stands(struct span text, size_t at, struct span mail)
{
	return at <= text.len && text.len - at >= mail.len && is_from(text, at) &&
		memcmp(text.data + at, mail.data, mail.len) == 0;
}

/* How often mail stands behind base, and ends: a batch may have two that are the same. */
static size_t count(struct span text, size_t base, struct span mail)
{
	size_t n = 0;

	for (size_t i = base; i < text.len; i++)
		n += stands(text, i, mail) && (i + mail.len == text.len || is_from(text, i + mail.len));
	return n;
}

/* What was cut off begins as our mail does, or with zeros, and no other mail begins in it. */
static void check_cut(struct span cut, size_t pad, struct span mail)
{
	size_t same = 0, head = 0;

	while (head < MBOXRD_HEAD_MAX && mail.data[head] != '\n')
		head++;
	for (size_t i = 0; i < pad && i < cut.len; i++)
		CHECK(cut.data[i] == '\n' || cut.data[i] == '\0');
	cut.data += pad < cut.len ? pad : cut.len;
	cut.len -= pad < cut.len ? pad : cut.len;
	while (same < cut.len && same < mail.len && cut.data[same] == mail.data[same])
		same++;
	if (same < head)
		for (size_t i = same; i < cut.len; i++)
			CHECK(cut.data[i] == '\0');
	for (size_t i = 1; i < cut.len; i++)
		CHECK(!is_from(cut, i));
}

static enum sink_state recover(const struct receipt *r, struct error *e)
{
	struct destination d;
	struct sink *k = open_mbox(&d);
	enum sink_state state = k->ops->recover(k, r, NOW, e);

	CHECK((state == SINK_UNSURE) == (e->kind != ERROR_NONE));
	CHECK(state != SINK_PREPARED);
	sink_free(k);
	destination_release(&d);
	return state;
}

static void check_one(const struct receipt *r, size_t base, struct span whole)
{
	unsigned long long start[3];
	struct buf before = {NULL, 0, 0}, after = {NULL, 0, 0};
	struct error e = {.kind = ERROR_NONE};
	enum sink_state state;
	struct span mail;
	size_t twins;
	char *end = (char *)(uintptr_t)r->text;

	for (size_t i = 0; i < 3; i++)
		start[i] = strtoull(end, &end, 10);
	CHECK(start[0] == base && start[1] - base <= 2 + whole.len && start[1] + start[2] <= whole.len);
	mail = (struct span){whole.data + start[1], (size_t)start[2]};
	read_mbox(&before);
	state = recover(r, &e);
	read_mbox(&after);
	CHECK(after.len <= before.len && memcmp(after.data, before.data, after.len) == 0);
	CHECK(after.len >= base || after.len == before.len);
	if (after.len < before.len) {
		size_t pad = after.len < start[1] ? (size_t)start[1] - after.len : 0;

		CHECK(state == SINK_ABSENT && after.len <= start[1]);
		check_cut((struct span){before.data + after.len, before.len - after.len}, pad, mail);
	}
	/* Those before it in the batch may be the same mail. */
	twins = count((struct span){whole.data, (size_t)start[1]}, base, mail);
	if (state == SINK_ABSENT)
		CHECK(count(buf_span(&before), base, mail) <= twins);
	if (state == SINK_DELIVERED)
		CHECK(count(buf_span(&after), 0, mail) > twins || stands(buf_span(&after), (size_t)start[1], mail));
	if (before.len >= whole.len && memcmp(before.data, whole.data, whole.len) == 0)
		CHECK(state == SINK_DELIVERED);
	buf_release(&before);
	buf_release(&after);
}

/* A batch of ours, and what a crash and others have made of the file. */
static void play_batch(struct span line, struct span in)
{
	struct span old = take_until(&in, PART_MARK), foreign = take_until(&in, PART_MARK);
	struct story story = read_story(line);
	struct receipt receipts[MAILS_MAX];
	struct buf whole = {NULL, 0, 0}, found = {NULL, 0, 0};
	size_t n;

	write_mbox(old);
	n = deliver(in, receipts);
	read_mbox(&whole);
	CHECK(whole.len > old.len && (!old.len || memcmp(whole.data, old.data, old.len) == 0));
	buf_add(&found, whole.data, whole.len);
	befall(&story, old.len, &found, foreign);
	write_mbox(buf_span(&found));
	for (size_t i = 0; i < n; i++)
		check_one(&receipts[i], old.len, buf_span(&whole));
	buf_release(&whole);
	buf_release(&found);
}

/* Any receipt, any file. */
static void play_any(struct span in)
{
	struct span text = take_until(&in, PART_MARK);
	struct buf after = {NULL, 0, 0};
	struct receipt r = {.text = ""};
	struct error e = {.kind = ERROR_NONE};
	unsigned long long base;

	if (text.len >= sizeof(r.text))
		return;
	if (text.len)
		memcpy(r.text, text.data, text.len);
	base = strtoull(r.text, NULL, 10);
	write_mbox(in);
	recover(&r, &e);
	read_mbox(&after);
	CHECK(after.len <= in.len && (!after.len || memcmp(after.data, in.data, after.len) == 0));
	CHECK(after.len == in.len || after.len >= base);
	buf_release(&after);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
	struct span in = {(const char *)data, len}, line = take_until(&in, '\n');

	make_folder();
	if (line.len)
		play_batch(line, in);
	else
		play_any(in);
	return 0;
}
