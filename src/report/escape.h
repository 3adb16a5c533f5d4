/* Names of the user in HTML, in JSON within a script, and on a terminal. */
#ifndef UDE_REPORT_ESCAPE_H
#define UDE_REPORT_ESCAPE_H

#include <ude/base.h>

/* The code point at text[*at], which is advanced; U+FFFD (one byte is passed over) for what is not
 * UTF-8; 0 at the end. */
uint32_t ude_utf8_next(const char *text, size_t *at);
/* Append one code point as UTF-8. */
void ude_utf8_append(ude_text *text, uint32_t code);
/* Code points of a text: its width on a terminal, for scripts of simple width. */
int ude_utf8_length(const char *text);

/* For content and for attribute values in quotes; also right for XML: control characters that XML
 * forbids become U+FFFD. */
void ude_escape_html(ude_text *out, const char *text);
/* With the quotes. '<', '>' and '&' are written as \u003c ..., so that the JSON may stand in a
 * script element whatever it holds. */
void ude_escape_json(ude_text *out, const char *text);
/* Control characters (which a terminal would obey) become '?'. */
void ude_escape_terminal(ude_text *out, const char *text);

#endif
