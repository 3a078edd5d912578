/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "local/maildir_name.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "base/hash.h"
#include "base/text.h"

/* FNV-1a: it stands in the names of files, so that it must stay as it is. */
static uint64_t hash_text(const char *text)
{
	uint64_t h = 0xcbf29ce484222325;

	for (; *text; text++)
		h = (h ^ (unsigned char)*text) * 0x100000001b3;
	return h;
}

void maildir_names_init(struct maildir_names *n, const char *account)
{
	uint64_t random[2];

	sink_my_host(n->host, sizeof(n->host));
	snprintf(n->mark, sizeof(n->mark), "A%016" PRIx64, hash_text(account));
	snprintf(n->process, sizeof(n->process), "P%ldQ", (long)getpid());
	/* Process, time and count make names unique already. */
	hash_new_key(random);
	snprintf(n->tail, sizeof(n->tail), "R%08" PRIx32 "%s.%s", (uint32_t)random[0], n->mark,
		n->host);
	n->process_len = strlen(n->process);
	n->tail_len = strlen(n->tail);
	n->count = 0;
}

/* Of many mails in a row: without printf. */
void maildir_name_make(struct maildir_names *n, char out[MAILDIR_NAME_ROOM])
{
	struct timespec t;

	clock_gettime(CLOCK_REALTIME, &t);
	out = text_put_number(out, (uint64_t)t.tv_sec, 1);
	*out++ = '.';
	*out++ = 'M';
	out = text_put_number(out, (uint64_t)t.tv_nsec / 1000, 6);
	memcpy(out, n->process, n->process_len);
	out = text_put_number(out + n->process_len, ++n->count, 1);
	memcpy(out, n->tail, n->tail_len + 1);
}

bool maildir_name_fits(const char *name)
{
	return name[0] && name[0] != '.' && !strchr(name, '/') && !strchr(name, ':') &&
		strlen(name) < MAILDIR_NAME_ROOM;
}

bool maildir_name_is_ours(const struct maildir_names *n, const char *name)
{
	const char *mark = strstr(name, n->mark);
	size_t len = strlen(n->mark);

	return mark && mark[len] == '.' && !strcmp(mark + len + 1, n->host);
}
