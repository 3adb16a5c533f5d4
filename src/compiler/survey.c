/* What uses what in a model's source. */
#include "compiler/survey.h"

#include <ctype.h>
#include <stdlib.h>
#include <string.h>

static char *spelled(ude_survey *s, CXString string) {
  const char *text = s->clang->getCString(string);
  char       *copy = strdup(text ? text : "");
  s->clang->disposeString(string);
  s->failed = s->failed || !copy;
  return copy;
}

static ude_survey_place place_of(ude_survey *s, CXCursor cursor) {
  CXFile   file   = NULL;
  unsigned offset = 0;
  s->clang->getExpansionLocation(s->clang->getCursorLocation(cursor), &file, NULL, NULL, &offset);
  return (ude_survey_place){spelled(s, s->clang->getFileName(file)), offset};
}

static bool same_place(const ude_survey_place *a, const ude_survey_place *b) {
  return a->file && b->file && a->offset == b->offset && strcmp(a->file, b->file) == 0;
}

static bool is_foreign(const ude_survey *s, CXCursor cursor) {
  return s->clang->Location_isInSystemHeader(s->clang->getCursorLocation(cursor)) != 0;
}

static bool is_param_struct(const ude_survey *s, CXCursor cursor) {
  return s->clang->getCursorKind(cursor) == CXCursor_StructDecl &&
         ude_libclang_named(s->clang, cursor, "param");
}

bool ude_survey_mentions(const char *text, const char *identifier) {
  size_t length = strlen(identifier);
  for (const char *at = strstr(text, identifier); at; at = strstr(at + 1, identifier)) {
    bool head = at == text || !(isalnum((unsigned char)at[-1]) || at[-1] == '_');
    if (head && !(isalnum((unsigned char)at[length]) || at[length] == '_')) {
      return true;
    }
  }
  return false;
}

/* ------------------------------------------------------------------------------ functions -- */

/* Index of a function, added if it is new; 0 (outside functions) without memory. */
static size_t function_of(ude_survey *s, CXCursor cursor) {
  char *key = spelled(s, s->clang->getCursorUSR(cursor));
  if (!key) {
    return 0;
  }
  for (size_t i = 1; i < s->functions; i++) {
    if (strcmp(s->function[i].key, key) == 0) {
      free(key);
      return i;
    }
  }
  ude_survey_function *grown = ude_realloc(s->function, s->functions + 1, sizeof *grown);
  char                *name  = spelled(s, s->clang->getCursorSpelling(cursor));
  s->function                = grown ? grown : s->function;
  if (!grown || !name) {
    s->failed = true;
    free(key);
    free(name);
    return 0;
  }
  ude_survey_function *added = &s->function[s->functions];
  *added =
      (ude_survey_function){.key       = key,
                            .name      = name,
                            .is_static = s->clang->Cursor_getStorageClass(cursor) == CX_SC_Static};
  for (size_t i = 0; i < s->replacement_count; i++) {
    added->body =
        strcmp(name, s->replacements[i].function) == 0 ? s->replacements[i].body : added->body;
  }
  return s->functions++;
}

static void add_call(ude_survey *s, size_t callee) {
  ude_survey_function *caller = &s->function[s->current];
  for (size_t i = 0; i < caller->calls; i++) {
    if (caller->call[i] == callee) {
      return;
    }
  }
  size_t *grown = ude_realloc(caller->call, caller->calls + 1, sizeof *grown);
  caller->call  = grown ? grown : caller->call;
  if (grown) {
    caller->call[caller->calls++] = callee;
  } else {
    s->failed = true;
  }
}

static void add_member_use(ude_survey *s, size_t member) {
  ude_survey_function *user = &s->function[s->current];
  if (user->member_count < s->members) {
    bool *grown = ude_realloc(user->member, s->members, sizeof *grown);
    if (!grown) {
      s->failed = true;
      return;
    }
    memset(grown + user->member_count, 0, (s->members - user->member_count) * sizeof *grown);
    user->member       = grown;
    user->member_count = s->members;
  }
  user->member[member] = true;
}

/* Functions and members of struct param that the current function refers to. */
static enum CXChildVisitResult look_inside(CXCursor cursor, CXCursor parent, CXClientData context) {
  ude_survey       *s    = context;
  enum CXCursorKind kind = s->clang->getCursorKind(cursor);
  (void)parent;
  if (kind == CXCursor_DeclRefExpr) {
    CXCursor to = s->clang->getCursorReferenced(cursor);
    if (s->clang->getCursorKind(to) == CXCursor_FunctionDecl && !is_foreign(s, to)) {
      add_call(s, function_of(s, to));
    }
  } else if (kind == CXCursor_MemberRefExpr || kind == CXCursor_MemberRef) {
    CXCursor to = s->clang->getCursorReferenced(cursor);
    if (is_param_struct(s, s->clang->getCursorSemanticParent(to))) {
      for (size_t i = 0; i < s->members; i++) {
        if (ude_libclang_named(s->clang, to, s->member[i].name)) {
          add_member_use(s, i);
        }
      }
    }
  }
  return CXChildVisit_Recurse;
}

static void add_declaration(ude_survey *s, ude_survey_function *function, ude_survey_place place) {
  bool known = same_place(&function->definition, &place);
  for (size_t i = 0; i < function->declarations; i++) {
    known = known || same_place(&function->declaration[i], &place);
  }
  ude_survey_place *grown =
      known ? NULL : ude_realloc(function->declaration, function->declarations + 1, sizeof *grown);
  if (grown) {
    function->declaration                           = grown;
    function->declaration[function->declarations++] = place;
  } else {
    s->failed = s->failed || !known;
    free(place.file);
  }
}

static void look_at_function(ude_survey *s, CXCursor cursor) {
  size_t           index = function_of(s, cursor);
  ude_survey_place place = place_of(s, cursor);
  bool             again = index == 0 || s->function[index].definition.file; /* or no memory */
  if (index > 0 && !s->clang->isCursorDefinition(cursor)) {
    add_declaration(s, &s->function[index], place);
  } else if (again) {
    free(place.file); /* of a header that two files include */
  } else {
    s->function[index].definition = place;
    s->current                    = index;
    s->clang->visitChildren(cursor, look_inside, s);
    s->current = 0;
  }
}

/* ------------------------------------------------------------------------------ top level -- */

static enum CXChildVisitResult list_members(CXCursor cursor, CXCursor parent,
                                            CXClientData context) {
  ude_survey *s = context;
  (void)parent;
  if (s->clang->getCursorKind(cursor) == CXCursor_FieldDecl) {
    ude_survey_member *grown = ude_realloc(s->member, s->members + 1, sizeof *grown);
    s->member                = grown ? grown : s->member;
    if (!grown) {
      s->failed = true;
      return CXChildVisit_Break;
    }
    s->member[s->members] = (ude_survey_member){
        .name = spelled(s, s->clang->getCursorSpelling(cursor)), .place = place_of(s, cursor)};
    s->members++;
  }
  return s->failed ? CXChildVisit_Break : CXChildVisit_Continue;
}

static enum CXChildVisitResult look_at_top(CXCursor cursor, CXCursor parent, CXClientData context) {
  ude_survey       *s    = context;
  enum CXCursorKind kind = s->clang->getCursorKind(cursor);
  (void)parent;
  if (is_foreign(s, cursor)) {
    return CXChildVisit_Continue;
  }
  if (kind == CXCursor_FunctionDecl) {
    look_at_function(s, cursor);
  } else if (is_param_struct(s, cursor)) {
    if (s->clang->isCursorDefinition(cursor) && !s->param.file) {
      s->param = place_of(s, cursor);
      s->clang->visitChildren(cursor, list_members, s);
    }
  } else if (kind == CXCursor_VarDecl) {
    bool              p0 = ude_libclang_named(s->clang, cursor, "p0");
    ude_survey_place *to = p0 ? &s->p0 : ude_libclang_named(s->clang, cursor, "u0") ? &s->u0 : NULL;
    if (to && !to->file && s->clang->isCursorDefinition(cursor)) {
      *to = place_of(s, cursor);
    }
    if (!p0) { /* its designators are written anew */
      s->clang->visitChildren(cursor, look_inside, s);
    }
  }
  return s->failed ? CXChildVisit_Break : CXChildVisit_Continue;
}

/* ------------------------------------------------------------------------------- liveness -- */

/* Spread a mark (`goes` or `stays`) from marked functions to what they call. */
static void spread(ude_survey *s, bool stays) {
  for (bool more = true; more;) {
    more = false;
    for (size_t i = 0; i < s->functions; i++) {
      const ude_survey_function *from = &s->function[i];
      bool source = stays ? from->stays && !from->body : from->goes || from->body;
      for (size_t j = 0; source && j < from->calls; j++) {
        ude_survey_function *to   = &s->function[from->call[j]];
        bool                *mark = stays ? &to->stays : &to->goes;
        more                      = more || !*mark;
        *mark                     = true;
      }
    }
  }
}

static bool mentioned(const ude_survey *s, const char *name) {
  for (size_t i = 0; i < s->replacement_count; i++) {
    if (ude_survey_mentions(s->replacements[i].body, name)) {
      return true;
    }
  }
  return false;
}

static void find_what_goes(ude_survey *s) {
  spread(s, false);
  for (size_t i = 0; i < s->functions; i++) {
    ude_survey_function *f = &s->function[i];
    f->stays = i == 0 || f->body || !f->is_static || !f->goes || mentioned(s, f->name);
  }
  spread(s, true);
  for (size_t i = 0; i < s->functions; i++) {
    ude_survey_function *f = &s->function[i];
    f->goes                = !f->stays;
    for (size_t j = 0; f->member && s->member && j < f->member_count; j++) {
      bool kept             = f->stays && !f->body;
      s->member[j].used     = s->member[j].used || (kept && f->member[j]);
      s->member[j].was_used = s->member[j].was_used || (!kept && f->member[j]);
    }
  }
  for (size_t j = 0; s->member && j < s->members; j++) {
    s->member[j].used = s->member[j].used || mentioned(s, s->member[j].name);
  }
}

/* ---------------------------------------------------------------------------------- whole -- */

ude_status ude_survey_make(ude_survey *survey, const char *const *files, size_t file_count,
                           const ude_compile_options *options, const ude_replacement *replacements,
                           size_t replacement_count, ude_error *error) {
  *survey = (ude_survey){.clang             = ude_libclang_get(error),
                         .replacements      = replacements,
                         .replacement_count = replacement_count,
                         .function          = ude_calloc(1, sizeof(ude_survey_function)),
                         .functions         = 1};
  if (!survey->clang) {
    return UDE_UNSUPPORTED;
  }
  if (!survey->function) {
    return ude_fail_memory(error, "the model's source");
  }
  CXIndex    index  = survey->clang->createIndex(0, 0);
  ude_status status = UDE_OK;
  for (size_t i = 0; i < file_count && status == UDE_OK; i++) {
    CXTranslationUnit unit = ude_libclang_parse(survey->clang, index, files[i], options, error);
    status                 = unit ? UDE_OK : error->status;
    if (unit) {
      survey->clang->visitChildren(survey->clang->getTranslationUnitCursor(unit), look_at_top,
                                   survey);
      survey->clang->disposeTranslationUnit(unit);
    }
  }
  survey->clang->disposeIndex(index);
  if (status == UDE_OK && survey->failed) {
    status = ude_fail_memory(error, "the model's source");
  }
  for (size_t i = 0; i < replacement_count && status == UDE_OK; i++) {
    bool found = false;
    for (size_t j = 0; j < survey->functions; j++) {
      found = found || (survey->function[j].body == replacements[i].body &&
                        survey->function[j].definition.file);
    }
    if (!found) {
      status = ude_fail(error, UDE_INVALID_ARGUMENT, "the model defines no function '%s'",
                        replacements[i].function);
    }
  }
  if (status == UDE_OK) {
    find_what_goes(survey);
  }
  return status;
}

void ude_survey_free(ude_survey *survey) {
  for (size_t i = 0; survey->function && i < survey->functions; i++) {
    ude_survey_function *f = &survey->function[i];
    for (size_t j = 0; j < f->declarations; j++) {
      free(f->declaration[j].file);
    }
    free(f->key);
    free(f->name);
    free(f->definition.file);
    free(f->declaration);
    free(f->call);
    free(f->member);
  }
  for (size_t i = 0; i < survey->members; i++) {
    free(survey->member[i].name);
    free(survey->member[i].place.file);
  }
  free(survey->function);
  free(survey->member);
  free(survey->param.file);
  free(survey->p0.file);
  free(survey->u0.file);
  *survey = (ude_survey){0};
}
