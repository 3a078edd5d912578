/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Ten letters for the demo, pleasant to read and each hard on a mail fetcher in its own way: plain,
 * dots at the beginning of lines, 8-bit text, no newline at the end, "From " lines, NUL and bare
 * CR, no body, one line of 100 kB, an attachment of two megabytes, and plain again. */
#include "sample.h"

#include <assert.h>
#include <string.h>

struct sample {
	const char *from, *subject, *date, *extra;
	const char *body;
	size_t len;	/* of the body, which may hold NUL */
};

#define BODY(text) (text), sizeof(text) - 1

static const struct sample samples[] = {
	{"Berta Brand <berta@example.net>", "Lunch on Thursday?",
	 "Mon, 05 Jan 2026 09:12:44 +0100", "",
	 BODY("Hi Anna,\n\nthe little place by the canal is open again. Thursday at half past\n"
	      "twelve? I'll book a table by the window.\n\nBerta\n")},
	{"Carl Carlsen <carl@example.com>", "Three dots, and what they hide",
	 "Mon, 05 Jan 2026 11:40:02 +0100", "",
	 BODY(".\n..\n...\n.hidden files begin like this line\n.\n\nThe line above was a single "
	      "dot. If you can read this, your mail\nprogram counts dots correctly.\n\n.\n"
	      "Carl\n.\n")},
	{"Dörte Däumler <doerte@example.org>", "Grüße aus Köln – naïve café",
	 "Tue, 06 Jan 2026 08:03:19 +0100",
	 "MIME-Version: 1.0\nContent-Type: text/plain; charset=UTF-8\n"
	 "Content-Transfer-Encoding: 8bit\n",
	 BODY("Liebe Anna,\n\nviele Grüße vom Rhein! Die Bäckerei an der Ecke hat wieder\n"
	      "Möhrenkuchen. Как дела? 元気ですか。\n\nDeine Dörte\n")},
	{"Emil Eriksen <emil@example.net>", "This one stops in the middle of",
	 "Tue, 06 Jan 2026 13:27:50 +0100", "",
	 BODY("Anna,\n\nmy editor never ends a file with a newline, and I never noticed.\n"
	      "Did you?\n\n-- \nEmil")},
	{"Fatima Farouk <fatima@example.com>", "Notes from the archive",
	 "Wed, 07 Jan 2026 10:15:33 +0100", "",
	 BODY("Dear Anna,\n\nFrom what I read, the harbour was finished in 1884.\n"
	      "From the letters it looks earlier:\n\n"
	      "From berta@example.net Mon Jan  5 09:12:44 2026\n"
	      ">From the second box, already quoted once\n\n"
	      "From now on I keep notes.\n\nFatima\n")},
	{"Label printer <printer@example.org>", "Status of tray 2",
	 "Wed, 07 Jan 2026 16:48:08 +0100", "",
	 BODY("Tray 2 is low.\rProgress:  10%\rProgress: 100%\rdone\n"
	      "Serial number: \0\0\0A17\0 (padded by an old controller)\nlast line\r\n")},
	{"Greta Gruber <greta@example.net>", "On my way, see you at six (no text)",
	 "Thu, 08 Jan 2026 17:31:26 +0100", "", BODY("")},
	{"Weather station <station@example.com>", "One reading per second, one line",
	 "Fri, 09 Jan 2026 00:00:05 +0100", "", BODY("Temperature, yesterday: ")},
	{"Hugo Holm <hugo@example.org>", "The photographs you asked for",
	 "Fri, 09 Jan 2026 20:22:41 +0100",
	 "MIME-Version: 1.0\nContent-Type: multipart/mixed; boundary=\"boundary-of-hugo\"\n",
	 BODY("--boundary-of-hugo\nContent-Type: text/plain\n\n"
	      "Anna, here is the view from the lighthouse. It's a large one!\n\n"
	      "--boundary-of-hugo\nContent-Type: application/octet-stream; name=\"view.raw\"\n"
	      "Content-Transfer-Encoding: base64\n\n")},
	{"Ida Iversen <ida@example.net>", "Re: Lunch on Thursday?",
	 "Sat, 10 Jan 2026 12:05:00 +0100", "In-Reply-To: <sample-1@example.org>\n",
	 BODY("Count me in as well. I'll bring the book I owe you.\n\nIda\n")},
};
static_assert(sizeof samples / sizeof *samples == SAMPLES, "as many as the header says");

static void add_readings(struct text *out)
{
	for (unsigned i = 0; out->len < 100 * 1000; i++)
		text_format(out, "%d.%u, ", (int)(mix64(i) % 9) - 4, (unsigned)(mix64(~i) % 10));
	text_add(out, "end\nThat was one line.\n", 23);
}

static void add_photograph(struct text *out)
{
	static const char alphabet[] =
		"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";

	for (unsigned line = 0; line < 27000; line++) {
		char text[77];
		for (unsigned i = 0; i < 76; i++)
			text[i] = alphabet[mix64(line * 76 + i) & 63];
		text[76] = '\n';
		text_add(out, text, sizeof text);
	}
	text_format(out, "\n--boundary-of-hugo--\n");
}

void sample_message(uint32_t number, struct text *out)
{
	const struct sample *s = &samples[number - 1];

	text_format(out, "Received: from sender.example.net by pop.example.org; %s\n", s->date);
	text_format(out, "From: %s\nTo: Anna Ambros <anna@example.org>\n", s->from);
	text_format(out, "Subject: %s\nDate: %s\n", s->subject, s->date);
	text_format(out, "Message-ID: <sample-%u@example.org>\n%s\n", number, s->extra);
	text_add(out, s->body, s->len);
	if (number == 8)
		add_readings(out);
	else if (number == 9)
		add_photograph(out);
}
