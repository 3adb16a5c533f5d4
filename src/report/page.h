/* The parts of the report page; each appends HTML and leaves failures in the text. */
#ifndef UDE_REPORT_PAGE_H
#define UDE_REPORT_PAGE_H

#include "report/run.h"

/* A number for reading, with a true minus sign; an en dash where it is not finite. */
void ude_page_number(ude_text *html, double value, int digits);
/* <td> of a number or of a text. */
void ude_page_number_cell(ude_text *html, double value, int digits);
void ude_page_text_cell(ude_text *html, const char *text);
/* <section id><h2>title</h2>, to be closed by </section>. */
void ude_page_section(ude_text *html, const char *id, const char *title);

/* Head of the page: title, status, key numbers. */
void ude_page_summary(ude_text *html, const ude_run *run, const char *title, const char *subtitle);
/* Recovered equations, terms, refitted parameters, source. */
void ude_page_equations(ude_text *html, const ude_run *run);
void ude_page_alternatives(ude_text *html, const ude_run *run);
/* Sections with plots: fit, extrapolation, learned functions, loss. UDE_OUT_OF_MEMORY. */
ude_status ude_page_figures(ude_text *html, const ude_run *run, ude_error *error);
void       ude_page_parameters(ude_text *html, const ude_run *run);
void       ude_page_settings(ude_text *html, const ude_run *run);
/* What the script of the page draws, as JSON that may stand in a script element. */
void ude_page_data(ude_text *html, const ude_run *run);

#endif
