/* A model's source with other functions and parameters: libclang says where things are, text does the rest. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "compiler/flat.h"
#include "compiler/initialiser.h"
#include "compiler/loaded.h"
#include "compiler/source_text.h"
#include "compiler/survey.h"

typedef struct rewriter {
  const ude_compile_options *options;
  const ude_new_param       *params;
  size_t                     param_count;
  const double              *p, *u0;
  const ude_model           *model;
  ude_survey                 survey;
  ude_edits                  edits;
  ude_text                   tail; /**< definitions for the end of the file */
  ude_error                 *error;
} rewriter;

/* ------------------------------------------------------------------------------ functions -- */

static ude_status read_place(const ude_survey_place *place, char **text, size_t *length,
                             ude_error *error) {
  *text = NULL;
  return ude_file_read(place->file, text, length, error);
}

/* Where the declaration or definition with its name at `name` begins. */
static size_t head_of(const char *text, size_t length, size_t name) {
  return ude_source_statement(text, length, 0, name);
}

static void remove_mark(rewriter *r, const ude_survey_place *at, const char *text, size_t length) {
  static const char mark[] = "UDE_LEARNED";
  for (size_t i = head_of(text, length, at->offset); i < at->offset;
       i        = ude_source_next(text, length, i)) {
    if (strncmp(text + i, mark, sizeof mark - 1) == 0) {
      size_t to = i + sizeof mark - 1;
      while (to < at->offset && strchr(" \t\r\n", text[to])) {
        to++;
      }
      ude_edits_add(&r->edits, at->file, i, to, "");
      return;
    }
  }
}

/* Remove text[start, end) with its comment before, and the lines that become empty. */
static void remove_text(rewriter *r, const char *file, const char *text, size_t length,
                        size_t start, size_t end) {
  while (start > 0 && (text[start - 1] == ' ' || text[start - 1] == '\t')) {
    start--;
  }
  bool alone = start == 0 || text[start - 1] == '\n';
  for (int lines = 0; alone && end < length && text[end] == '\n' && lines < 2; lines++) {
    end++; /* its own line, and one blank line behind */
  }
  ude_edit *edit = ude_edits_add(&r->edits, file, start, end, "");
  if (edit) { /* in a header that is not pasted, it may stay */
    edit->optional = true;
  }
}

static ude_status edit_declaration(rewriter *r, const ude_survey_function *f,
                                   const ude_survey_place *at) {
  char      *text   = NULL;
  size_t     length = 0;
  ude_status status = read_place(at, &text, &length, r->error);
  if (status == UDE_OK && f->body) {
    remove_mark(r, at, text, length);
  } else if (status == UDE_OK) {
    size_t end = ude_source_find(text, length, at->offset, ';');
    remove_text(r, at->file, text, length, head_of(text, length, at->offset),
                end < length ? end + 1 : length);
  }
  free(text);
  return status;
}

static ude_status edit_definition(rewriter *r, const ude_survey_function *f) {
  const ude_survey_place *at     = &f->definition;
  char                   *text   = NULL;
  size_t                  length = 0;
  ude_status              status = read_place(at, &text, &length, r->error);
  if (status) {
    return status;
  }
  size_t arguments = ude_source_find(text, length, at->offset, '(');
  size_t open  = ude_source_find(text, length, ude_source_match(text, length, arguments) + 1, '{');
  size_t close = ude_source_match(text, length, open);
  if (close >= length && f->body) {
    status = ude_fail(r->error, UDE_UNSUPPORTED,
                      "%s: the body of '%s' cannot be found (is it made by a macro?)", at->file,
                      f->name);
  } else if (f->body) {
    ude_text block = {0};
    ude_text_append(&block, "{\n%s\n}", f->body);
    r->edits.failed = r->edits.failed || block.failed;
    remove_mark(r, at, text, length);
    if (!block.failed) {
      ude_edits_add(&r->edits, at->file, open, close + 1, block.data);
    }
    ude_text_free(&block);
  } else if (close < length) {
    size_t start = head_of(text, length, at->offset);
    remove_text(r, at->file, text, length, ude_source_comment(text, length, 0, start), close + 1);
  }
  free(text);
  return status;
}

static ude_status edit_functions(rewriter *r) {
  ude_status status = UDE_OK;
  for (size_t i = 1; i < r->survey.functions && status == UDE_OK; i++) {
    const ude_survey_function *f = &r->survey.function[i];
    if (!f->body && !f->goes) {
      continue;
    }
    status = f->definition.file ? edit_definition(r, f) : UDE_OK;
    for (size_t j = 0; j < f->declarations && status == UDE_OK; j++) {
      status = edit_declaration(r, f, &f->declaration[j]);
    }
  }
  return status;
}

/* --------------------------------------------------------------------------- struct param -- */

static bool goes(const ude_survey_member *member) {
  return member->was_used && !member->used;
}

/* A member declaration text[at, end): all of it, or some of its declarators, may go. */
static void edit_members(rewriter *r, const char *text, size_t length, size_t at, size_t end,
                         size_t close) {
  size_t first = end;
  size_t left  = 0;
  size_t gone  = 0;
  for (size_t i = 0; i < r->survey.members; i++) {
    const ude_survey_member *member = &r->survey.member[i];
    if (member->place.offset >= at && member->place.offset < end) {
      first = member->place.offset < first ? member->place.offset : first;
      left += !goes(member);
      gone += goes(member);
    }
  }
  if (gone > 0 && left == 0) {
    size_t stop = end + 1;
    while (stop < close && (text[stop] == ' ' || text[stop] == '\t')) {
      stop++;
    }
    bool comment = stop + 1 < close && text[stop] == '/' && strchr("*/", text[stop + 1]);
    stop         = comment ? ude_source_next(text, length, stop) : end + 1;
    size_t start = ude_source_statement(text, length, at, end);
    while (start > at && (text[start - 1] == ' ' || text[start - 1] == '\t')) {
      start--;
    }
    stop +=
        text[stop] == '\n' && start > 0 && text[start - 1] == '\n'; /* nothing else on its lines */
    ude_edits_add(&r->edits, r->survey.param.file, start, stop, "");
  } else if (gone > 0) {
    ude_text kept  = {0};
    size_t   piece = first;
    for (size_t i = 0; i < r->survey.members; i++) {
      const ude_survey_member *member = &r->survey.member[i];
      if (member->place.offset >= at && member->place.offset < end) {
        size_t stop = ude_source_find(text, end, member->place.offset, ',');
        if (!goes(member)) {
          ude_text_append(&kept, "%s%.*s", kept.length ? "," : "", (int)(stop - piece),
                          text + piece);
        }
        piece = stop + 1;
        while (kept.length == 0 && piece < end && text[piece] == ' ') {
          piece++;
        }
      }
    }
    r->edits.failed = r->edits.failed || kept.failed;
    if (!kept.failed) {
      ude_edits_add(&r->edits, r->survey.param.file, first, end, kept.data);
    }
    ude_text_free(&kept);
  }
}

static ude_status edit_struct(rewriter *r) {
  char      *text   = NULL;
  size_t     length = 0;
  ude_status status = read_place(&r->survey.param, &text, &length, r->error);
  if (status) {
    return status;
  }
  size_t   open  = ude_source_find(text, length, r->survey.param.offset, '{');
  size_t   close = ude_source_match(text, length, open);
  ude_text added = {0};
  for (size_t at = open + 1; at < close;) {
    size_t end = ude_source_find(text, close, at, ';');
    edit_members(r, text, length, at, end, close);
    at = end + 1;
  }
  bool own_line = close < length && close > 0 && text[close - 1] == '\n';
  for (size_t i = 0; i < r->param_count; i++) {
    ude_text_append(&added, "%s  double %s;", i == 0 && !own_line ? "\n" : "", r->params[i].name);
    if (r->params[i].comment) {
      ude_text_append(&added, " /* %s */", r->params[i].comment);
    }
    ude_text_append(&added, "\n");
  }
  r->edits.failed = r->edits.failed || added.failed;
  if (added.length && !added.failed) {
    ude_edits_add(&r->edits, r->survey.param.file, close, close, added.data);
  }
  ude_text_free(&added);
  free(text);
  return status;
}

/* ------------------------------------------------------------------------------ p0 and u0 -- */

static bool is_gone(const char *name, const void *context) {
  const rewriter *r      = context;
  size_t          length = strcspn(name, ".[");
  for (size_t i = 0; i < r->survey.members; i++) {
    const ude_survey_member *member = &r->survey.member[i];
    if (strlen(member->name) == length && strncmp(member->name, name, length) == 0) {
      return goes(member);
    }
  }
  return false;
}

/* The integers of struct param: those of p0, then what the options set. */
static ude_status param_image(const rewriter *r, const ude_struct_shape *shape, char **image) {
  const char *given = ude_model_image(r->model, UDE_STRUCT_PARAM);
  *image            = ude_calloc((size_t)shape->size, 1);
  if (!*image) {
    return ude_fail_memory(r->error, "p0");
  }
  if (given) {
    memcpy(*image, given, (size_t)shape->size);
  }
  for (size_t i = 0; i < r->options->constant_count; i++) {
    const char *text   = r->options->constants[i];
    int64_t     size   = 0;
    int64_t     offset = ude_flat_constant(shape, text, &size);
    long long   value  = strtoll(text + strcspn(text, "=") + 1, NULL, 10);
    if (offset >= 0) { /* the host's byte order: the code runs here */
      const char *bytes = (const char *)&value;
#if __BYTE_ORDER__ == __ORDER_BIG_ENDIAN__
      bytes += sizeof value - (size_t)size;
#endif
      memcpy(*image + offset, bytes, (size_t)size);
    }
  }
  return UDE_OK;
}

/* Put a definition in place of the one there, or behind struct param, or at the end. */
static ude_status place_definition(rewriter *r, const ude_survey_place *old, const char *with) {
  char                   *text   = NULL;
  size_t                  length = 0;
  const ude_survey_place *at     = old->file ? old : &r->survey.param;
  if (!at->file) {
    ude_text_append(&r->tail, "\n%s\n", with);
    return UDE_OK;
  }
  ude_status status = read_place(at, &text, &length, r->error);
  if (status == UDE_OK && old->file) {
    size_t end = ude_source_find(text, length, at->offset, ';');
    ude_edits_add(&r->edits, at->file, head_of(text, length, at->offset),
                  end < length ? end + 1 : length, with);
  } else if (status == UDE_OK) {
    ude_text block = {0};
    size_t   open  = ude_source_find(text, length, at->offset, '{');
    size_t   end   = ude_source_find(text, length, ude_source_match(text, length, open) + 1, ';');
    ude_text_append(&block, "\n\n%s", with);
    r->edits.failed = r->edits.failed || block.failed;
    if (!block.failed) {
      ude_edits_add(&r->edits, at->file, end + 1, end + 1, block.data);
    }
    ude_text_free(&block);
  }
  free(text);
  return status;
}

static ude_status edit_p0(rewriter *r) {
  const ude_struct_shape *shape = &ude_model_reflection(r->model)->structs[UDE_STRUCT_PARAM];
  const ude_vector_field *field = ude_model_vector_field(r->model);
  char                   *image = NULL;
  double                 *zeros = ude_calloc((size_t)shape->reals, sizeof *zeros);
  ude_text                text  = {0};
  char                    number[32];
  ude_status status = zeros ? param_image(r, shape, &image) : ude_fail_memory(r->error, "p0");
  if (status == UDE_OK) {
    ude_text_append(&text, "const struct param p0 = {");
    ude_initialiser_append(shape,
                           r->p        ? r->p
                           : field->p0 ? field->p0
                                       : zeros,
                           image, is_gone, r, &text);
    for (size_t i = 0; i < r->param_count; i++) {
      ude_text_append(&text, "\n    .%s = %s,", r->params[i].name,
                      ude_initialiser_number(r->params[i].value, false, number));
    }
    ude_text_append(&text, "\n};");
    status = text.failed ? ude_fail_memory(r->error, "p0")
                         : place_definition(r, &r->survey.p0, text.data);
  }
  ude_text_free(&text);
  free(image);
  free(zeros);
  return status;
}

static ude_status edit_u0(rewriter *r) {
  const ude_struct_shape *shape = &ude_model_reflection(r->model)->structs[UDE_STRUCT_STATE];
  ude_text                text  = {0};
  ude_text_append(&text, "const struct state u0 = {");
  ude_initialiser_append(shape, r->u0, ude_model_image(r->model, UDE_STRUCT_STATE), NULL, NULL,
                         &text);
  ude_text_append(&text, "\n};");
  ude_status status = UDE_OK;
  if (text.failed) {
    status = ude_fail_memory(r->error, "u0");
  } else if (r->survey.u0.file) {
    status = place_definition(r, &r->survey.u0, text.data);
  } else {
    ude_text_append(&r->tail, "\n%s\n", text.data);
  }
  ude_text_free(&text);
  return status;
}

static ude_status check_params(const rewriter *r) {
  if (r->param_count > 0 && !r->survey.param.file) {
    return ude_fail(r->error, UDE_UNSUPPORTED,
                    "the model has no struct param to which coefficients could be added");
  }
  for (size_t i = 0; i < r->param_count; i++) {
    for (size_t j = 0; j < r->survey.members; j++) {
      if (strcmp(r->params[i].name, r->survey.member[j].name) == 0 && !goes(&r->survey.member[j])) {
        return ude_fail(r->error, UDE_INVALID_ARGUMENT, "struct param has a member '%s' already",
                        r->params[i].name);
      }
    }
  }
  return UDE_OK;
}

/* ----------------------------------------------------------------------------------- whole -- */

static ude_status plan(rewriter *r) {
  ude_status status = check_params(r);
  if (status == UDE_OK) {
    status = edit_functions(r);
  }
  if (status == UDE_OK && r->survey.param.file) {
    status = edit_struct(r);
  }
  if (status == UDE_OK && r->survey.param.file) {
    status = edit_p0(r);
  }
  if (status == UDE_OK && r->u0 && !ude_model_vector_field(r->model)->initial.value) {
    status = edit_u0(r);
  }
  return status == UDE_OK && (r->edits.failed || r->tail.failed)
             ? ude_fail_memory(r->error, "the rewritten model")
             : status;
}

static ude_status paste_all(rewriter *r, const char *const *files, size_t file_count,
                            const char *banner, ude_text *out) {
  ude_paste paste = {.edits      = &r->edits,
                     .flags      = r->options->flags,
                     .flag_count = r->options->flag_count,
                     .out        = out};
  if (banner) {
    ude_text_append(out, "/* %s */\n", banner);
  }
  ude_source_macros(r->options->flags, r->options->flag_count, out);
  ude_status status = UDE_OK;
  for (size_t i = 0; i < file_count && status == UDE_OK; i++) {
    status = ude_source_paste(&paste, files[i], 0, r->error);
  }
  ude_paste_free(&paste);
  if (r->tail.length) {
    ude_text_append(out, "%s", r->tail.data);
  }
  if (status == UDE_OK && out->failed) {
    status = ude_fail_memory(r->error, "the rewritten model");
  }
  for (size_t i = 0; i < r->edits.count && status == UDE_OK; i++) {
    if (!r->edits.edit[i].made && !r->edits.edit[i].optional) {
      status = ude_fail(r->error, UDE_UNSUPPORTED,
                        "%s is to be changed, but is not pasted: include it with quotes",
                        r->edits.edit[i].file);
    }
  }
  return status == UDE_OK ? ude_libclang_check(r->survey.clang, files[0], out, r->options, r->error)
                          : status;
}

ude_status ude_model_rewrite(const char *const *files, size_t file_count,
                             const ude_compile_options *options,
                             const ude_replacement *replacements, size_t replacement_count,
                             const ude_new_param *params, size_t param_count, const double *p,
                             const double *u0, const char *banner, char **text, ude_error *error) {
  static const ude_compile_options none  = {0};
  ude_error                        own   = {0};
  rewriter                         r     = {.options     = options ? options : &none,
                                            .params      = params,
                                            .param_count = param_count,
                                            .p           = p,
                                            .u0          = u0,
                                            .error       = error ? error : &own};
  ude_compile_options              plain = *r.options;
  ude_model                       *model = NULL;
  ude_text                         out   = {0};
  *text                                  = NULL;
  plain.derivatives                      = UDE_DERIVATIVE_NONE;
  ude_status status = ude_model_compile(files, file_count, &plain, &model, r.error);
  if (status) {
    return status;
  }
  r.model = model;
  status = ude_survey_make(&r.survey, files, file_count, r.options, replacements, replacement_count,
                           r.error);
  if (status == UDE_OK) {
    status = plan(&r);
  }
  if (status == UDE_OK) {
    status = paste_all(&r, files, file_count, banner, &out);
  }
  if (status == UDE_OK) {
    *text = out.data;
  } else {
    ude_text_free(&out);
  }
  ude_survey_free(&r.survey);
  ude_edits_free(&r.edits);
  ude_text_free(&r.tail);
  ude_model_free(model);
  return status;
}
