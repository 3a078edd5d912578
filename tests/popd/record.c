/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Statistics (a line of JSON for each session that has ended) and the log of what was said. Each
 * line is one write to a file opened for appending, so several servers can share a file. */
#include "record.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

static bool open_file(const char *path, int *out, struct problem *p)
{
	*out = -1;
	if (!path)
		return true;
	*out = open(path, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0644);
	if (*out < 0)
		return problem_set(p, "cannot open %s: %s", path, strerror(errno));
	return true;
}

bool record_init(struct record *r, const char *stats, const char *log, struct problem *p)
{
	*r = (struct record){.stats_fd = -1, .log_fd = -1};
	pthread_mutex_init(&r->lock, NULL);
	return open_file(stats, &r->stats_fd, p) && open_file(log, &r->log_fd, p);
}

void record_release(struct record *r)
{
	if (r->stats_fd >= 0)
		close(r->stats_fd);
	if (r->log_fd >= 0)
		close(r->log_fd);
	pthread_mutex_destroy(&r->lock);
}

static void add_string(struct text *t, const char *s)
{
	if (!s) {
		text_format(t, "null");
		return;
	}
	text_format(t, "\"");
	for (; *s; s++) {
		unsigned char c = (unsigned char)*s;
		if (c == '"' || c == '\\')
			text_format(t, "\\%c", c);
		else if (c < ' ' || c > '~')
			text_format(t, "\\u%04x", c);
		else
			text_format(t, "%c", c);
	}
	text_format(t, "\"");
}

void stats_note(struct session_stats *stats, const char *note)
{
	if (stats->notes.len > 4096)
		return;
	if (stats->notes.len)
		text_format(&stats->notes, ",");
	add_string(&stats->notes, note);
}

static void add_verbs(struct text *t, const struct session_stats *stats)
{
	bool first = true;

	text_format(t, "\"verbs\":{");
	for (int v = VERB_UNKNOWN; v < VERBS; v++) {
		if (!stats->verbs[v])
			continue;
		text_format(t, "%s\"%s\":%llu", first ? "" : ",", verb_name((enum verb)v),
			(unsigned long long)stats->verbs[v]);
		first = false;
	}
	text_format(t, "}");
}

void record_stats(struct record *r, const struct session_stats *s)
{
	struct text t = {0};

	if (r->stats_fd < 0)
		return;
	text_format(&t, "{\"session\":%u,\"waits\":%llu,\"max_outstanding\":%llu,", s->session,
		(unsigned long long)s->waits, (unsigned long long)s->max_outstanding);
	add_verbs(&t, s);
	text_format(&t, ",\"octets_sent\":%llu,\"octets_received\":%llu,\"retr\":%llu,"
		"\"dele\":%llu,\"quit\":%s,\"tls\":%s,\"resumed\":%s,\"server_name\":",
		(unsigned long long)s->octets_sent, (unsigned long long)s->octets_received,
		(unsigned long long)s->retr, (unsigned long long)s->dele,
		s->quit_answered ? "true" : "false", s->tls ? "true" : "false",
		s->resumed ? "true" : "false");
	add_string(&t, s->server_name);
	text_format(&t, ",\"user\":");
	add_string(&t, s->user);
	text_format(&t, ",\"auth\":");
	add_string(&t, s->auth);
	text_format(&t, ",\"notes\":[");
	text_add(&t, s->notes.data, s->notes.len);
	text_format(&t, "]}\n");
	write_whole(r->stats_fd, t.data, t.len);
	text_release(&t);
}

bool record_wants_log(const struct record *r)
{
	return r->log_fd >= 0;
}

static void add_escaped(struct text *t, const char *data, size_t len)
{
	for (size_t i = 0; i < len; i++) {
		unsigned char c = (unsigned char)data[i];
		if (c == '\r')
			text_add(t, "\\r", 2);
		else if (c == '\n')
			text_add(t, "\\n", 2);
		else if (c < ' ' || c == 127)
			text_format(t, "\\x%02x", c);
		else
			text_add(t, data + i, 1);
	}
}

void record_log(struct record *r, uint32_t session, char side, const char *data, size_t len)
{
	struct text t = {0};

	if (r->log_fd < 0)
		return;
	pthread_mutex_lock(&r->lock);
	if (r->last_session != session)
		text_format(&t, "# session %u\n", session);
	r->last_session = session;
	text_format(&t, "%c: ", side);
	add_escaped(&t, data, len);
	text_add(&t, "\n", 1);
	write_whole(r->log_fd, t.data, t.len);
	pthread_mutex_unlock(&r->lock);
	text_release(&t);
}
