/* Files that are part of the library: style and script of the page, and the script that draws. */
#ifndef UDE_REPORT_EMBEDDED_H
#define UDE_REPORT_EMBEDDED_H

extern const char ude_embedded_style[], ude_embedded_style_end[];
extern const char ude_embedded_script[], ude_embedded_script_end[];
extern const char ude_embedded_echarts[], ude_embedded_echarts_end[];

#endif
