/** @file driver.h
 *  @brief Running clang: C source in, bitcode, dependency list and diagnostics out. */
#ifndef UDE_COMPILER_DRIVER_H
#define UDE_COMPILER_DRIVER_H

#include <ude/compiler.h>

/** What one run of clang gave; texts are owned. */
typedef struct ude_clang_output {
  ude_text bitcode, dependencies, messages;
} ude_clang_output;

/** The clang that options name or that was found when ude was built. */
const char *ude_clang_path(const ude_compile_options *options);
/** Folder that holds ude/model.h; `buffer` may be used. */
const char *ude_include_dir(const ude_compile_options *options, char *buffer, size_t size);

/** What machine code depends on beside the sources: which clang, which build of this code, whose headers. */
void ude_clang_describe(const ude_compile_options *options, ude_text *text);

/** Compile one file to unoptimised bitcode with debug information. clang's messages, warnings among them, are in
 *  the output; on UDE_COMPILE they say why. */
ude_status ude_clang_run(const char *file, const ude_compile_options *options,
                         ude_clang_output *output, ude_error *error);
void       ude_clang_output_free(ude_clang_output *output);

/** The arguments of clang beside input and output, for every user of them; NULL-terminated, free the array only. */
const char **ude_clang_arguments(const ude_compile_options *options, const char *include_dir,
                                 size_t extra, size_t *count);

#endif
