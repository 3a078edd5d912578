/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Who is at the other end of a local socket. _GNU_SOURCE: POSIX does not know it. */
#define _GNU_SOURCE
#include <sys/socket.h>
#include <unistd.h>

#include "net/dial.h"

bool dial_peer(const struct stream *s, uid_t *owner)
{
#ifdef SO_PEERCRED
	struct ucred peer;
	socklen_t len = sizeof(peer);

	if (getsockopt(s->ops->fd(s), SOL_SOCKET, SO_PEERCRED, &peer, &len) < 0)
		return false;
	*owner = peer.uid;
	return true;
#else
	(void)s;
	(void)owner;
	return false;
#endif
}
