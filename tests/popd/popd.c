/* SPDX-License-Identifier: GPL-3.0-or-later */
/* popd: a throw-away POP3 server on the loopback, for the demo, the benchmarks and all tests of
 * misbehaviour. This file joins the command line, the signals and the server. */
#include <signal.h>
#include <stdio.h>
#include <sysexits.h>
#include <unistd.h>

#include "options.h"
#include "server.h"
#include "write.h"

static volatile sig_atomic_t stop;

static void on_stop(int number)
{
	(void)number;
	stop = 1;
}

/* SIGTERM and SIGINT stay blocked but where the server waits. */
static void catch_signals(sigset_t *open_mask)
{
	struct sigaction on = {.sa_handler = on_stop}, ignore = {.sa_handler = SIG_IGN};
	sigset_t blocked;

	sigemptyset(&blocked);
	sigaddset(&blocked, SIGTERM);
	sigaddset(&blocked, SIGINT);
	pthread_sigmask(SIG_BLOCK, &blocked, open_mask);
	sigdelset(open_mask, SIGTERM);
	sigdelset(open_mask, SIGINT);
	sigaction(SIGTERM, &on, NULL);
	sigaction(SIGINT, &on, NULL);
	sigaction(SIGPIPE, &ignore, NULL);
}

static bool say_ready(const struct options *o, uint16_t port, struct problem *p)
{
	char line[32];
	int len;

	if (o->port_file) {
		len = snprintf(line, sizeof line, "%u\n", port);
		return file_write(o->port_file, line, (size_t)len, p);
	}
	printf("ready port=%u\n", port);
	return fflush(stdout) == 0 || problem_set(p, "cannot write to stdout");
}

static int serve(const struct options *o, struct problem *p)
{
	struct server server;
	sigset_t open_mask;
	bool ready;

	catch_signals(&open_mask);
	ready = server_init(&server, o, p) && say_ready(o, server.port, p);
	if (ready)
		server_run(&server, &stop, &open_mask);
	server_release(&server);
	return ready ? EX_OK : EX_OSERR;
}

int main(int argc, char **argv)
{
	struct options options;
	struct problem p = {""};
	int code = EX_OK;

	if (!options_parse(&options, argc, argv, &p))
		code = EX_USAGE;
	else if (options.help)
		fputs(options_help, stdout);
	else if (options.write_dir)
		code = write_mail(options.write_dir, options.write_spec, &options.style,
			(uint32_t)options.write_from, &p)
			? EX_OK : EX_CANTCREAT;
	else
		code = serve(&options, &p);
	if (code != EX_OK)
		fprintf(stderr, "popd: %s\n", p.text);
	options_release(&options);
	return code;
}
