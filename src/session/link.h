/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef AMBIL_LINK_H
#define AMBIL_LINK_H

#include <signal.h>
#include <stdbool.h>

#include "config/config.h"
#include "net/dial.h"

/*
 * The way to an account's server: dial(), with the password of its proxy found first, where it
 * wants one. *report, all zero before, is filled in, also on failure. stop: see struct
 * secret_command. report_fd: is told while a command runs. ERROR_CAPABILITY: a password would go in
 * clear over a local socket that neither the user nor root serves, and that is not allowed.
 */
bool link_open(const struct account *account, const volatile sig_atomic_t *stop, int stop_fd,
	int report_fd, struct dial_report *report, struct stream **out, struct error *e) MUST_CHECK;
/* Adds " (through socks5://127.0.0.1:1080)" to words about a server that is not reached straight,
 * unless they name the way already. */
void link_name(const struct account *account, struct error *e);

#endif
