/* SPDX-License-Identifier: GPL-3.0-or-later */
/* find [-c CA-FILE] [-p PROXY] ADDRESS: what discover() finds, a line of "name value" for each. */
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "discover/discover.h"

static const char *const steps[] = {"providers", "srv", "autoconfig", "guess"};

static void begins(void *context, enum discovery_step step)
{
	(void)context;
	printf("step %s\n", steps[step]);
}

static void tells(void *context, const char *what)
{
	(void)context;
	printf("told %s\n", what);
}

static void print_found(const struct discovery *d)
{
	static const char *const tls[] = {"implicit", "starttls", "none"};
	static const char *const login[] = {"password", "app-password", "oauth"};

	printf("found %s %u %s %s %s %s\n", d->host, (unsigned)d->port, tls[d->tls], d->user,
		login[d->login], steps[d->found_by]);
	printf("origin %s\n", discovery_origin(d));
	if (d->unconfirmed)
		printf("unconfirmed yes\n");
}

static void print_error(const char *outcome, const struct error *e)
{
	printf("%s %s\n", outcome, error_name(e->kind));
	printf("text %s\nwhy %s\nremedy %s: %s\n", e->text, e->why, e->lead, e->remedy);
}

int main(int argc, char **argv)
{
	struct endpoint way = {.host = NULL};
	struct tls_policy tls = {.min = TLS_1_2};
	struct discovery_order order = {
		.way = &way, .tls = &tls, .stop_fd = -1, .begins = begins, .tells = tells};
	struct discovery found;
	struct error e = {.kind = ERROR_NONE};
	int option;

	while ((option = getopt(argc, argv, "c:p:")) != -1)
		if (option == 'c')
			tls.ca_file = optarg;
		else if (option == 'p')
			way.proxy = optarg;
		else
			return 64;
	if (optind != argc - 1)
		return 64;
	order.address = argv[optind];
	switch (discover(&order, &found, &e)) {
	case DISCOVERY_FOUND:
		print_found(&found);
		break;
	case DISCOVERY_NOTHING:
		print_error("nothing", &e);
		break;
	case DISCOVERY_NO_POP3:
		print_error("no-pop3", &e);
		break;
	case DISCOVERY_FAILED:
		print_error("failed", &e);
		break;
	}
	discovery_release(&found);
	return 0;
}
