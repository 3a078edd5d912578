/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef AMBIL_CHOOSE_H
#define AMBIL_CHOOSE_H

/* Which accounts the command line names, and what its options change in them. */

#include "cli.h"
#include "config/config.h"

/* Settings of the whole program that stand on the command line. */
bool choose_program(struct config *config, const struct cli *cli, struct error *e) MUST_CHECK;
/*
 * The accounts named, in their order, each once, a URL among them as an account of its own; without
 * names all that are enabled. Their options are applied. chosen has room for config->n +
 * cli->n_arguments; what it points to belongs to config.
 */
bool choose_accounts(struct config *config, const struct cli *cli, struct account **chosen,
	size_t *n, struct error *e) MUST_CHECK;
/* Exactly one, for a verb that takes one. */
bool choose_one(struct config *config, const struct cli *cli, struct account **chosen,
	struct error *e) MUST_CHECK;
/* --max of list; 0: not said. */
bool choose_list_max(const struct cli *cli, uint32_t *max, struct error *e) MUST_CHECK;

#endif
