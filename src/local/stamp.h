/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef AMBIL_LOCAL_STAMP_H
#define AMBIL_LOCAL_STAMP_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/mem.h"
#include "local/header.h"
#include "local/sink.h"

/* The lines that are put before a mail. Pure. All end with LF. */

enum { STAMP_SENDER_MAX = 254, STAMP_ROOM = 1024, STAMP_HEADER_MAX = 64 * 1024 };

/*
 * The Received: field (RFC 5321 s.4.4) in out, which holds STAMP_ROOM octets; its length. What is
 * not valid in the field is left out or called "unknown": no octet of host, my_host or user can end
 * or extend it.
 */
size_t stamp_received(char *out, const struct mail_info *mail, const char *my_host);
/*
 * The same, for many mails in a row: renders only what differs from the mail before. All zero is an
 * empty memo; my_host must not change.
 */
struct stamp_memo {
	int64_t now_s;
	bool encrypted;
	size_t len; /* of text; 0: empty */
	char host[STAMP_SENDER_MAX + 1], user[STAMP_SENDER_MAX + 1];
	char text[STAMP_ROOM];
};
size_t stamp_received_again(
	struct stamp_memo *memo, char *out, const struct mail_info *mail, const char *my_host);
/* The mbox From_ line with the UTC time, in out, which holds STAMP_ROOM octets; its length. */
size_t stamp_from(char *out, const char *sender, int64_t now_s);

/*
 * Reads a mail's header for the From_ line's sender: the Return-Path, else the first address of
 * From:, else MAILER-DAEMON. Feed it the mail from its first octet, cut anywhere, until it is done;
 * that is at the end of the header or after STAMP_HEADER_MAX octets.
 */
struct stamp_scan {
	struct header_scan header;
	size_t taken;
	bool done;
	size_t len;      /* of text */
	char text[1024]; /* the value of the field being read */
	char sender[STAMP_SENDER_MAX + 1];
};
void stamp_scan_init(struct stamp_scan *s);
/* True when no more octets are wanted. */
bool stamp_scan_feed(struct stamp_scan *s, struct span octets);
/* Ends the scan. The sender, valid as long as s. */
const char *stamp_scan_sender(struct stamp_scan *s);

#endif
