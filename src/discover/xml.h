/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef AMBIL_DISCOVER_XML_H
#define AMBIL_DISCOVER_XML_H

#include <stdbool.h>
#include <stddef.h>

#include "base/mem.h"

/*
 * The part of XML that configuration files are written in (XML 1.0): elements, attributes, text,
 * CDATA, comments, processing instructions. A document type is refused, so that there are no
 * entities but the five that need none; so are numeric ones, where text is asked for. UTF-8.
 */
enum { XML_DEPTH_MAX = 16 };
enum xml_token {
	XML_OPEN,  /* name, attributes */
	XML_CLOSE, /* name; of an empty element too, right behind its XML_OPEN */
	XML_TEXT,  /* text; it may come in several pieces */
	XML_END,   /* the document is whole */
	XML_BAD,   /* it is no document of this kind; for good */
};
struct xml {
	struct span rest;
	struct span name, attributes, text;
	bool literal;                    /* the text is CDATA: nothing in it stands for another */
	size_t depth;                    /* of the element that is open; the root's is 1 */
	struct span open[XML_DEPTH_MAX]; /* their names */
	bool empty, ended, bad;
};

/* The document is borrowed until the end. */
void xml_init(struct xml *x, struct span document);
enum xml_token xml_next(struct xml *x);
/* Whether the open element's name is this, and those around it are the ones before it; the list
 * ends with NULL. */
bool xml_is_at(const struct xml *x, const char *const *path);
/* Appends the value of an attribute of the last XML_OPEN; false: it has none of that name, or one
 * that cannot be read. */
bool xml_attribute(const struct xml *x, const char *name, struct buf *out) MUST_CHECK;
/* Appends the text of the last XML_TEXT; false: it names an entity that is not known. */
bool xml_text(const struct xml *x, struct buf *out) MUST_CHECK;

#endif
