/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "local/single.h"

static struct single *self(struct sink *k)
{
	return (struct single *)k;
}

void single_init(struct single *s, const struct sink_ops *ops, const struct destination *d)
{
	s->sink.ops = ops;
	s->d = d;
	sink_my_host(s->host, sizeof(s->host));
}

void single_drop(struct sink *k)
{
	struct single *s = self(k);

	if (!s->batch || s->ended)
		return;
	k->ops->batch_free(k, s->batch, false);
	s->batch = NULL;
}

struct sink_batch *single_cut(struct sink *k)
{
	struct single *s = self(k);
	struct sink_batch *b = s->ended ? s->batch : NULL;

	if (b) {
		s->batch = NULL;
		s->ended = false;
	}
	return b;
}
