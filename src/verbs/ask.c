/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * The terminal's own line editing does the work, so that no mode of it is changed and nothing need
 * be put back. After Ctrl-Z the question is put again: the screen may be another one.
 */
#include "verbs/ask.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdio.h>
#include <string.h>
#include <termios.h>
#include <unistd.h>

#include "base/file.h"
#include "base/i18n.h"
#include "base/text.h"
#include "report/screen.h"

enum { ANSWER_MAX = 1024, POLL_MS = 200 };

static bool interrupted(struct error *e)
{
	return error_set(e, ERROR_INTERRUPTED, "interrupted before an answer");
}

/* The length of what was typed; 0: the end, -1: a signal or, with errno, a fault. */
static ssize_t wait_for_line(int fd, const volatile sig_atomic_t *stop, char *line, size_t room)
{
	for (;;) {
		struct pollfd p = {.fd = fd, .events = POLLIN};
		int ready;

		errno = EINTR;
		if (*stop)
			return -1;
		/* A signal that comes just before the call must not be waited out. */
		ready = poll(&p, 1, POLL_MS);
		if (ready < 0)
			return -1;
		if (ready > 0)
			return read(fd, line, room);
	}
}

/* In lines that fit: between words, where the terminal would break anywhere. */
static bool put_question(int fd, const char *question)
{
	struct buf lines = {NULL, 0, 0};
	bool done;

	text_wrap(&lines, question, 0, screen_columns(fd) - 1);
	lines.data[lines.len - 1] = ' '; /* the answer stands behind it */
	done = file_write_all(fd, lines.data, lines.len);
	buf_release(&lines);
	return done;
}

/* One line is all that is read: what is longer, or holds what an arrow key sends, would become
 * another answer than was meant. */
static const char *why_no_answer(struct span line, bool whole)
{
	if (!whole)
		return _("That is too long.");
	for (size_t i = 0; i < line.len; i++)
		if ((unsigned char)line.data[i] < ' ' || line.data[i] == 0x7f)
			return _("There is something in that which cannot be seen, as arrow keys "
				 "send it. Once more, please:");
	return NULL;
}

static void tell(int fd, const char *words)
{
	struct buf lines = {NULL, 0, 0};

	text_wrap(&lines, words, 0, screen_columns(fd) - 1);
	(void)!file_write_all(fd, lines.data, lines.len);
	buf_release(&lines);
}

/* False with errno, or 0 at the end of the input. */
static bool read_once(
	int fd, const volatile sig_atomic_t *stop, char *line, size_t room, size_t *len)
{
	ssize_t n = wait_for_line(fd, stop, line, room);

	*len = n > 0 ? (size_t)n : 0;
	if (n == 0)
		errno = 0;
	return n > 0;
}

static bool read_answer(int fd, const char *question, const volatile sig_atomic_t *stop,
	struct buf *answer, struct error *e)
{
	char line[ANSWER_MAX];
	const char *wrong = NULL;
	struct span words;
	size_t n;

	do {
		bool whole, done;

		/* What was typed before the question is no answer to it. */
		tcflush(fd, TCIFLUSH);
		if (!put_question(fd, question))
			return error_sys(e, ERROR_CONFIG, errno, "cannot ask on the terminal");
		done = read_once(fd, stop, line, sizeof(line), &n);
		if (*stop || (!done && errno != EINTR)) {
			int err = *stop ? 0 : errno;

			/* The cursor stands behind the question. */
			(void)!file_write_all(fd, "\n", 1);
			return err
				? error_sys(e, ERROR_CONFIG, err, "cannot read from the terminal")
				: interrupted(e);
		}
		whole = done && (n < sizeof(line) || line[n - 1] == '\n');
		words = span_trim((struct span){line, n - (done && line[n - 1] == '\n')});
		wrong = done ? why_no_answer(words, whole) : "";
		if (wrong && *wrong)
			tell(fd, wrong);
	} while (wrong);
	buf_add(answer, words.data, words.len);
	return true;
}

bool ask_line(const char *question, const volatile sig_atomic_t *stop, struct buf *answer,
	struct error *e)
{
	int fd = open("/dev/tty", O_RDWR | O_CLOEXEC | O_NOCTTY);
	bool done;

	if (fd < 0)
		return error_sys(e, ERROR_CONFIG, errno, "there is no terminal to ask on");
	buf_reserve(answer, ANSWER_MAX);
	done = read_answer(fd, question, stop, answer, e);
	close(fd);
	return done;
}

bool ask_letter(const char *question, const char *letters, const volatile sig_atomic_t *stop,
	char *answer, struct error *e)
{
	for (;;) {
		struct buf line = {NULL, 0, 0};
		char letter = letters[0];

		if (!ask_line(question, stop, &line, e)) {
			buf_release(&line);
			return false;
		}
		if (line.len)
			letter = line.data[0] >= 'A' && line.data[0] <= 'Z'
				? (char)(line.data[0] - 'A' + 'a')
				: line.data[0];
		buf_release(&line);
		if (letter && strchr(letters, letter)) {
			*answer = letter;
			return true;
		}
	}
}
