/**
 * @file survey.h
 * @brief What uses what in a model's source, as far as rewriting it needs to know (by libclang).
 */
#ifndef UDE_COMPILER_SURVEY_H
#define UDE_COMPILER_SURVEY_H

#include "compiler/libclang.h"

/** A name in a file; file NULL: nowhere. */
typedef struct ude_survey_place {
  char  *file;
  size_t offset;
} ude_survey_place;

/** A member of struct param at the top level. */
typedef struct ude_survey_member {
  char            *name;
  ude_survey_place place;
  bool             used;     /**< by what stays */
  bool             was_used; /**< by what is replaced or goes */
} ude_survey_member;

typedef struct ude_survey_function {
  char             *key, *name; /**< libclang's identity over all files; name in the source */
  ude_survey_place  definition;
  ude_survey_place *declaration; /**< the others */
  size_t            declarations;
  const char       *body; /**< the replacement, or NULL */
  bool              is_static;
  bool              goes; /**< static, and only replaced functions called it */
  bool              stays;
  size_t           *call;
  size_t            calls;
  bool             *member; /**< [members] it refers to; may be shorter: member_count */
  size_t            member_count;
} ude_survey_function;

typedef struct ude_survey {
  const ude_libclang    *clang;
  const ude_replacement *replacements;
  size_t                 replacement_count;
  ude_survey_place       param, p0, u0; /**< names of the definitions */
  ude_survey_member     *member;
  size_t                 members;
  ude_survey_function   *function; /**< the first stands for what is outside functions */
  size_t                 functions;
  size_t                 current; /**< function being looked at */
  bool                   failed;  /**< out of memory */
} ude_survey;

/** Look at all files. UDE_INVALID_ARGUMENT if a replaced function does not exist. Free in any case. */
ude_status ude_survey_make(ude_survey *survey, const char *const *files, size_t file_count,
                           const ude_compile_options *options, const ude_replacement *replacements,
                           size_t replacement_count, ude_error *error);
void       ude_survey_free(ude_survey *survey);

/** Does the text hold this identifier? */
bool ude_survey_mentions(const char *text, const char *identifier);

#endif
