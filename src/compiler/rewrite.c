/* A model's source with other functions: libclang says where things are, text does the rest. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "compiler/libclang.h"
#include "compiler/source_text.h"

/** A member of struct param at the top level. */
typedef struct param_member {
  char  *name;
  size_t offset; /**< of its name in the file that defines struct param */
  bool   used;   /**< outside replaced functions */
} param_member;

typedef struct rewriter {
  const ude_libclang    *clang;
  const ude_replacement *replacements;
  size_t                 replacement_count;
  const ude_new_param   *params;
  size_t                 param_count;
  const ude_vector_field *field;
  const double          *p, *u0;
  ude_edits              edits;
  param_member          *member;
  size_t                 members;
  char                  *param_file; /**< where struct param is defined */
  size_t                 param_name; /**< offset of its name */
  char                  *p0_file, *u0_file;
  size_t                 p0_name, u0_name;
  bool                   has_p0, has_u0;
  bool                  *replaced; /**< [replacement_count] */
  CXCursor               inside;   /**< function being looked at */
  ude_status             status;
  ude_error             *error;
} rewriter;

/* File (owned) and offset of a cursor. */
static char *place(const rewriter *r, CXCursor cursor, size_t *offset) {
  CXFile   file = NULL;
  unsigned at   = 0;
  r->clang->getExpansionLocation(r->clang->getCursorLocation(cursor), &file, NULL, NULL, &at);
  CXString    name = r->clang->getFileName(file);
  const char *text = r->clang->getCString(name);
  char       *copy = strdup(text ? text : "");
  r->clang->disposeString(name);
  *offset = at;
  return copy;
}

static bool is_param_struct(const rewriter *r, CXCursor cursor) {
  return r->clang->getCursorKind(cursor) == CXCursor_StructDecl &&
         ude_libclang_named(r->clang, cursor, "param");
}

/* ------------------------------------------------------------------------------- uses -- */

/* Marks members of struct param that are referred to. */
static enum CXChildVisitResult mark_uses(CXCursor cursor, CXCursor parent, CXClientData context) {
  rewriter *r = context;
  (void)parent;
  if (r->clang->getCursorKind(cursor) == CXCursor_MemberRefExpr) {
    CXCursor member = r->clang->getCursorReferenced(cursor);
    for (size_t i = 0; i < r->members; i++) {
      if (ude_libclang_named(r->clang, member, r->member[i].name) &&
          is_param_struct(r, r->clang->getCursorSemanticParent(member))) {
        r->member[i].used = true;
      }
    }
  }
  return CXChildVisit_Recurse;
}

/* ------------------------------------------------------------------------------ functions -- */

/* Body and mark of a learned function, from the offset of its name. */
static void replace_function(rewriter *r, const char *file, size_t name, const char *body) {
  char  *text   = NULL;
  size_t length = 0;
  r->status     = ude_file_read(file, &text, &length, r->error);
  if (r->status) {
    return;
  }
  size_t arguments = ude_source_find(text, length, name, '(');
  size_t open = ude_source_find(text, length, ude_source_match(text, length, arguments) + 1, '{');
  size_t close = ude_source_match(text, length, open);
  if (close >= length) {
    r->status = ude_fail(r->error, UDE_UNSUPPORTED,
                         "%s: the body of a learned function cannot be found (is it made by a macro?)",
                         file);
  } else {
    ude_text    block = {0};
    size_t      start = ude_source_statement(text, length, 0, name);
    const char *mark  = strstr(text + start, "UDE_LEARNED");
    if (mark && mark < text + name) {
      size_t from = (size_t)(mark - text);
      size_t to   = from + strlen("UDE_LEARNED");
      while (to < name && (text[to] == ' ' || text[to] == '\n')) {
        to++;
      }
      ude_edits_add(&r->edits, file, from, to, "");
    }
    ude_text_append(&block, "{\n%s\n}", body);
    if (block.failed) {
      r->edits.failed = true;
    } else {
      ude_edits_add(&r->edits, file, open, close + 1, block.data);
    }
    ude_text_free(&block);
  }
  free(text);
}

static const ude_replacement *replacement_of(const rewriter *r, CXCursor function, size_t *index) {
  for (size_t i = 0; i < r->replacement_count; i++) {
    if (ude_libclang_named(r->clang, function, r->replacements[i].function)) {
      *index = i;
      return &r->replacements[i];
    }
  }
  return NULL;
}

/* ------------------------------------------------------------------------------ top level -- */

static enum CXChildVisitResult list_members(CXCursor cursor, CXCursor parent, CXClientData context) {
  rewriter *r = context;
  (void)parent;
  if (r->clang->getCursorKind(cursor) == CXCursor_FieldDecl) {
    param_member *grown = ude_realloc(r->member, r->members + 1, sizeof *grown);
    if (!grown) {
      r->edits.failed = true;
      return CXChildVisit_Break;
    }
    CXString spelling       = r->clang->getCursorSpelling(cursor);
    r->member               = grown;
    r->member[r->members]   = (param_member){.name = strdup(r->clang->getCString(spelling))};
    char *file              = place(r, cursor, &r->member[r->members].offset);
    r->edits.failed         = r->edits.failed || !file || !r->member[r->members].name;
    r->members++;
    free(file);
    r->clang->disposeString(spelling);
  }
  return CXChildVisit_Continue;
}

/* First pass: where struct param, p0 and u0 are. */
static enum CXChildVisitResult find_declarations(CXCursor cursor, CXCursor parent,
                                                 CXClientData context) {
  rewriter         *r    = context;
  enum CXCursorKind kind = r->clang->getCursorKind(cursor);
  (void)parent;
  if (is_param_struct(r, cursor) && r->clang->isCursorDefinition(cursor) && !r->param_file) {
    r->param_file = place(r, cursor, &r->param_name);
    r->clang->visitChildren(cursor, list_members, r);
  } else if (kind == CXCursor_VarDecl && r->clang->isCursorDefinition(cursor)) {
    if (!r->has_p0 && ude_libclang_named(r->clang, cursor, "p0")) {
      r->p0_file = place(r, cursor, &r->p0_name);
      r->has_p0  = true;
    } else if (!r->has_u0 && ude_libclang_named(r->clang, cursor, "u0")) {
      r->u0_file = place(r, cursor, &r->u0_name);
      r->has_u0  = true;
    }
  }
  return CXChildVisit_Continue;
}

/* Second pass: functions. */
static enum CXChildVisitResult look_at_functions(CXCursor cursor, CXCursor parent,
                                                 CXClientData context) {
  rewriter *r     = context;
  size_t    index = 0;
  (void)parent;
  if (r->clang->getCursorKind(cursor) != CXCursor_FunctionDecl ||
      !r->clang->isCursorDefinition(cursor)) {
    return CXChildVisit_Continue;
  }
  const ude_replacement *with = replacement_of(r, cursor, &index);
  if (with && !r->replaced[index]) {
    size_t name = 0;
    char  *file = place(r, cursor, &name);
    r->replaced[index] = true;
    if (!file) {
      r->edits.failed = true;
    } else {
      replace_function(r, file, name, with->body);
    }
    free(file);
  } else if (!with) {
    r->clang->visitChildren(cursor, mark_uses, r);
  }
  return r->status ? CXChildVisit_Break : CXChildVisit_Continue;
}

/* --------------------------------------------------------------------------- struct param -- */

/* Remove statements of struct param all of whose members are unused, and add the new members. */
static void edit_struct(rewriter *r) {
  char  *text   = NULL;
  size_t length = 0;
  r->status     = ude_file_read(r->param_file, &text, &length, r->error);
  if (r->status) {
    return;
  }
  size_t open  = ude_source_find(text, length, r->param_name, '{');
  size_t close = ude_source_match(text, length, open);
  for (size_t at = open + 1; at < close;) {
    size_t end   = ude_source_find(text, close, at, ';');
    bool   holds = false;
    bool   used  = false;
    for (size_t i = 0; i < r->members; i++) {
      if (r->member[i].offset >= at && r->member[i].offset < end) {
        holds = true;
        used  = used || r->member[i].used;
      }
    }
    if (holds && !used && end < close) {
      size_t start = ude_source_statement(text, length, at, end);
      size_t stop  = end + 1;
      while (stop < close && (text[stop] == ' ' || text[stop] == '\t')) {
        stop++;
      }
      if (stop + 1 < close && text[stop] == '/' && (text[stop + 1] == '*' || text[stop + 1] == '/')) {
        stop = ude_source_next(text, length, stop); /* its own comment */
      }
      while (start > at && (text[start - 1] == ' ' || text[start - 1] == '\t')) {
        start--;
      }
      if (text[stop] == '\n' && start > 0 && text[start - 1] == '\n') {
        stop++; /* nothing else stands on its lines */
      }
      ude_edits_add(&r->edits, r->param_file, start, stop, "");
    } else {
      for (size_t i = 0; i < r->members; i++) { /* one of several in a statement keeps them all */
        r->member[i].used = r->member[i].used ||
                            (r->member[i].offset >= at && r->member[i].offset < end);
      }
    }
    at = end + 1;
  }
  ude_text added = {0};
  for (size_t i = 0; i < r->param_count; i++) {
    ude_text_append(&added, "  double %s;", r->params[i].name);
    if (r->params[i].comment) {
      ude_text_append(&added, " /* %s */", r->params[i].comment);
    }
    ude_text_append(&added, "\n");
  }
  r->edits.failed = r->edits.failed || added.failed;
  if (added.length) {
    ude_edits_add(&r->edits, r->param_file, close, close, added.data);
  }
  ude_text_free(&added);
  free(text);
}

/* Is scalar `name` part of a member that stays? */
static bool stays(const rewriter *r, const char *name) {
  size_t length = strcspn(name, ".[");
  for (size_t i = 0; i < r->members; i++) {
    if (strlen(r->member[i].name) == length && strncmp(r->member[i].name, name, length) == 0) {
      return r->member[i].used;
    }
  }
  return true; /* of an anonymous struct */
}

/* The shortest of 15, 16 and 17 digits that reads back as the same number. */
static const char *shortest(double value, char buffer[32]) {
  for (int digits = 15; digits < 17; digits++) {
    double back = 0;
    snprintf(buffer, 32, "%.*g", digits, value);
    if (ude_parse_real(buffer, strlen(buffer), &back) && back == value) {
      return buffer;
    }
  }
  return ude_format_real(value, buffer);
}

static void write_p0(const rewriter *r, ude_text *text) {
  char name[512];
  char number[32];
  ude_text_append(text, "const struct param p0 = {");
  for (int64_t i = 0; i < r->field->param.count; i++) {
    double value = r->p ? r->p[i] : r->field->p0 ? r->field->p0[i] : 0;
    ude_layout_name(&r->field->param, i, "p", name, sizeof name);
    if (stays(r, name) && value != 0) {
      ude_text_append(text, "\n    .%s = %s,", name, shortest(value, number));
    }
  }
  for (size_t i = 0; i < r->param_count; i++) {
    ude_text_append(text, "\n    .%s = %s,", r->params[i].name,
                    shortest(r->params[i].value, number));
  }
  ude_text_append(text, "\n};");
}

static void write_u0(const rewriter *r, ude_text *text) {
  char name[512];
  char number[32];
  ude_text_append(text, "const struct state u0 = {");
  for (int64_t i = 0; i < r->field->state.count; i++) {
    ude_text_append(text, "%s.%s = %s", i ? ", " : "",
                    ude_layout_name(&r->field->state, i, "u", name, sizeof name),
                    shortest(r->u0[i], number));
  }
  ude_text_append(text, "};");
}

/* Replace the definition of a variable whose name stands at `name`. */
static void replace_definition(rewriter *r, const char *file, size_t name, const char *with) {
  char  *text   = NULL;
  size_t length = 0;
  r->status     = ude_file_read(file, &text, &length, r->error);
  if (r->status == UDE_OK) {
    size_t start = ude_source_statement(text, length, 0, name);
    size_t end   = ude_source_find(text, length, name, ';');
    ude_edits_add(&r->edits, file, start, end < length ? end + 1 : length, with);
  }
  free(text);
}

/* Add a definition behind that of struct param (or at the end, if there is none). */
static void add_definition(rewriter *r, const char *with, ude_text *tail) {
  char  *text   = NULL;
  size_t length = 0;
  if (!r->param_file) {
    ude_text_append(tail, "\n%s\n", with);
    return;
  }
  r->status = ude_file_read(r->param_file, &text, &length, r->error);
  if (r->status == UDE_OK) {
    ude_text block = {0};
    size_t   open  = ude_source_find(text, length, r->param_name, '{');
    size_t   end   = ude_source_find(text, length, ude_source_match(text, length, open) + 1, ';');
    ude_text_append(&block, "\n\n%s", with);
    r->edits.failed = r->edits.failed || block.failed;
    if (!block.failed) {
      ude_edits_add(&r->edits, r->param_file, end + 1, end + 1, block.data);
    }
    ude_text_free(&block);
  }
  free(text);
}

/* struct param, p0 and u0, after the functions have been looked at. */
static void edit_data(rewriter *r, ude_text *tail) {
  ude_text p0 = {0};
  ude_text u0 = {0};
  if (r->param_file) {
    edit_struct(r);
  } else if (r->param_count > 0) {
    r->status = ude_fail(r->error, UDE_UNSUPPORTED,
                         "the model has no struct param to which coefficients could be added");
  }
  if (r->status == UDE_OK && r->param_file) {
    write_p0(r, &p0);
    r->edits.failed = r->edits.failed || p0.failed;
    if (!p0.failed && r->has_p0) {
      replace_definition(r, r->p0_file, r->p0_name, p0.data);
    } else if (!p0.failed) {
      add_definition(r, p0.data, tail);
    }
  }
  if (r->status == UDE_OK && r->u0 && !r->field->initial.value) {
    write_u0(r, &u0);
    r->edits.failed = r->edits.failed || u0.failed;
    if (!u0.failed && r->has_u0) {
      replace_definition(r, r->u0_file, r->u0_name, u0.data);
    } else if (!u0.failed) {
      ude_text_append(tail, "\n%s\n", u0.data);
    }
  }
  ude_text_free(&p0);
  ude_text_free(&u0);
}

/* ----------------------------------------------------------------------------------- whole -- */

static void visit_all(rewriter *r, const char *const *files, size_t file_count,
                      const ude_compile_options *options, CXIndex index,
                      enum CXChildVisitResult (*visitor)(CXCursor, CXCursor, CXClientData)) {
  for (size_t i = 0; i < file_count && r->status == UDE_OK; i++) {
    CXTranslationUnit unit = ude_libclang_parse(r->clang, index, files[i], options, r->error);
    if (!unit) {
      r->status = UDE_COMPILE;
      return;
    }
    r->clang->visitChildren(r->clang->getTranslationUnitCursor(unit), visitor, r);
    r->clang->disposeTranslationUnit(unit);
  }
}

static void paste_all(rewriter *r, const char *const *files, size_t file_count,
                      const ude_compile_options *options, const char *banner, const ude_text *tail,
                      char **text) {
  ude_text out = {0};
  if (banner) {
    ude_text_append(&out, "/* %s */\n", banner);
  }
  for (size_t i = 0; i < file_count && r->status == UDE_OK; i++) {
    r->status = ude_source_paste(files[i], &r->edits, options->flags, options->flag_count, 0, &out,
                                 r->error);
  }
  if (tail->length) {
    ude_text_append(&out, "%s", tail->data);
  }
  if (r->status == UDE_OK && (out.failed || tail->failed)) {
    r->status = ude_fail_memory(r->error, "the rewritten model");
  }
  if (r->status == UDE_OK) {
    *text = out.data;
  } else {
    ude_text_free(&out);
  }
}

ude_status ude_model_rewrite(const char *const *files, size_t file_count,
                             const ude_compile_options *options,
                             const ude_replacement *replacements, size_t replacement_count,
                             const ude_new_param *params, size_t param_count, const double *p,
                             const double *u0, const char *banner, char **text, ude_error *error) {
  static const ude_compile_options none = {0};
  ude_error                        own  = {0};
  options                               = options ? options : &none;
  error                                 = error ? error : &own;
  *text                                 = NULL;
  rewriter r = {.clang             = ude_libclang_get(error),
                .replacements      = replacements,
                .replacement_count = replacement_count,
                .params            = params,
                .param_count       = param_count,
                .p                 = p,
                .u0                = u0,
                .error             = error};
  if (!r.clang) {
    return error->status;
  }
  ude_compile_options plain = *options;
  ude_model          *model = NULL;
  plain.derivatives         = UDE_DERIVATIVE_NONE;
  r.status                  = ude_model_compile(files, file_count, &plain, &model, error);
  if (r.status) {
    return r.status;
  }
  r.field       = ude_model_vector_field(model);
  r.replaced    = ude_calloc(replacement_count, sizeof *r.replaced);
  CXIndex  index = r.clang->createIndex(0, 0);
  ude_text tail  = {0};
  r.status       = r.replaced ? UDE_OK : ude_fail_memory(error, "the rewritten model");
  visit_all(&r, files, file_count, options, index, find_declarations);
  visit_all(&r, files, file_count, options, index, look_at_functions);
  for (size_t i = 0; i < replacement_count && r.status == UDE_OK; i++) {
    if (!r.replaced[i]) {
      r.status = ude_fail(error, UDE_INVALID_ARGUMENT, "the model defines no function '%s'",
                          replacements[i].function);
    }
  }
  if (r.status == UDE_OK) {
    edit_data(&r, &tail);
  }
  if (r.status == UDE_OK && r.edits.failed) {
    r.status = ude_fail_memory(error, "the rewritten model");
  }
  paste_all(&r, files, file_count, options, banner, &tail, text);
  r.clang->disposeIndex(index);
  for (size_t i = 0; i < r.members; i++) {
    free(r.member[i].name);
  }
  free(r.member);
  free(r.param_file);
  free(r.p0_file);
  free(r.u0_file);
  free(r.replaced);
  ude_edits_free(&r.edits);
  ude_text_free(&tail);
  ude_model_free(model);
  return r.status;
}
