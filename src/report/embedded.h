/** @file embedded.h
 *  @brief Files that are part of the library: the page and its plotting script. */
#ifndef UDE_REPORT_EMBEDDED_H
#define UDE_REPORT_EMBEDDED_H

extern const char ude_embedded_page[], ude_embedded_page_end[];
extern const char ude_embedded_echarts[], ude_embedded_echarts_end[];

#endif
