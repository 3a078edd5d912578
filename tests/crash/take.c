/* SPDX-License-Identifier: GPL-3.0-or-later */
/* A good command: the mail is one file in $HOME/Mail/new, made whole or not at all. */
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

int main(void)
{
	char chunk[65536], part[100], whole[100];
	size_t n;
	FILE *f;

	if (chdir(getenv("HOME")) < 0)
		return EXIT_FAILURE;
	mkdir("Mail", 0700);
	mkdir("Mail/new", 0700);
	snprintf(part, sizeof(part), "in.%ld", (long)getpid());
	snprintf(whole, sizeof(whole), "Mail/new/%ld", (long)getpid());
	f = fopen(part, "wb");
	while (f && (n = fread(chunk, 1, sizeof(chunk), stdin)) > 0)
		fwrite(chunk, 1, n, f);
	return f && !ferror(stdin) && fclose(f) == 0 && rename(part, whole) == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
