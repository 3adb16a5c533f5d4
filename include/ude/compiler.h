/**
 * @file compiler.h
 * @brief From plain C source to a vector field with derivatives (library libude-compiler).
 *
 *     ude_model *model = NULL;
 *     ude_error error;
 *     const char *files[] = {"lotka_volterra.c"};
 *     ude_compile_options options = {.derivatives = UDE_DERIVATIVE_VJP};
 *     if (ude_model_compile(files, 1, &options, &model, &error)) puts(error.message);
 *     const ude_vector_field *field = ude_model_vector_field(model);
 */
#ifndef UDE_COMPILER_H
#define UDE_COMPILER_H

#include <ude/vector_field.h>

#ifdef __cplusplus
extern "C" {
#endif

/** A compiled model: owns machine code, names and defaults. */
typedef struct ude_model ude_model;

/** Which derived functions to make, beside the values. */
enum {
  UDE_DERIVATIVE_NONE = 0,
  UDE_DERIVATIVE_JVP  = 1,  /**< jvp and jvp_wide of every map */
  UDE_DERIVATIVE_VJP  = 2,  /**< vjp of every map */
  UDE_PROBE           = 4,  /**< ude_vector_field.probe */
  UDE_DERIVATIVE_HVP  = 32, /**< hvp and hvp_wide of every map but learned functions */
  UDE_DERIVATIVE_JET  = 64, /**< jet of every map but learned functions, ude_vector_field.taylor */
  UDE_LANES    = 128, /**< value, and the jvp and vjp that are asked for, of every map in lanes */
  UDE_SPARSITY = 256, /**< what ude_model_sparsity needs */
  UDE_DERIVATIVE_LATER =
      512 /**< with UDE_DERIVATIVE_JVP, without UDE_LANES: machine code of jvp and jvp_wide is made at the first call of
               one of them (safely in threads), which fails (-1) if there is no memory for it. For those who may not need them. */
};

/** Receives clang's own output, unchanged, whole lines. */
typedef void (*ude_diagnostic_fn)(const char *text, void *context);

/** Zero value: no derivatives, default cache, default clang. All strings are borrowed until the call returns. */
typedef struct ude_compile_options {
  unsigned           derivatives; /**< UDE_DERIVATIVE_* or'ed */
  const char *const *flags;       /**< extra clang flags: "-DN=32", "-Iinclude" */
  size_t             flag_count;
  const char *const *constants; /**< "name=value" for integer members of struct param */
  size_t             constant_count;
  /** Methods (ude_method_name) whose steps are compiled with the model in them: ude_vector_field.kernels. For few states (64; 32 for
   *  Rosenbrock methods); methods and models that there is no such form for keep their general steps. Worth its compile time where a
   *  model is solved many times. */
  const char *const *specialise;
  size_t             specialise_count;
  const char        *clang; /**< path of clang; NULL: the one found when ude was built */
  const char *include_dir;  /**< where <ude/model.h> is; NULL: where ude was built or installed */
  const char *cache_dir;    /**< NULL: no cache on disk */
  ude_diagnostic_fn diagnostic; /**< may be NULL */
  void             *diagnostic_context;
} ude_compile_options;

/**
 * Compile a model from one or more C files.
 *
 * @param[out] model  to be released with ude_model_free; NULL on failure
 * @return UDE_COMPILE (clang's errors went to `diagnostic`; or the model lacks a symbol or has a wrong
 *         type: the message has file and line), UDE_NOT_DIFFERENTIABLE (file:line: reason, inlined-at chain),
 *         UDE_IO, UDE_OUT_OF_MEMORY.
 * Thread safety: several models may be compiled and used in several threads; the disk cache may
 * be shared by several processes.
 */
UDE_API ude_status ude_model_compile(const char *const *files, size_t file_count,
                                     const ude_compile_options *options, ude_model **model,
                                     ude_error *error);

/** The model's table of functions; valid until ude_model_free. Functions are safe in threads. */
UDE_API const ude_vector_field *ude_model_vector_field(const ude_model *model);

/** True if the machine code came from the disk cache. */
UDE_API bool ude_model_from_cache(const ude_model *model);

UDE_API void ude_model_free(ude_model *model);

/* ------------------------------------------------------------------------------- ahead of time -- */

/** Which functions an object has for each map of the model, beside its value. */
enum {
  UDE_AHEAD_JVP      = 1,
  UDE_AHEAD_VJP      = 2,
  UDE_AHEAD_JACOBIAN = 4,  /**< dense, row-major, with respect to the state and to the parameters */
  UDE_AHEAD_HVP      = 16, /**< Hessian-vector products */
  UDE_AHEAD_SPARSITY =
      32, /**< patterns of the Jacobians by the state, and their values from coloured products */
  UDE_AHEAD_TAYLOR = 8 /**< Taylor coefficients of the map, and of the solution */
};

/** Zero value: values only, for every processor of this architecture. Strings are borrowed until the call returns. */
typedef struct ude_object_options {
  unsigned functions; /**< UDE_AHEAD_* or'ed */
  const char
      *prefix; /**< of every exported name, a C identifier; NULL: the first file's name and "_" */
  const char *header; /**< the header's own name, for its include guard; NULL: "model.h" */
  const char *
      processor; /**< NULL: any of this architecture; "native": this one (the same numbers to the last bit as
                              ude_model_compile's); "x86-64-v2", "-v3", "-v4" */
  const double *u0;    /**< double[state.count], instead of the model's u0; may be NULL */
  const double *p0;    /**< double[param.count], instead of the model's p0; may be NULL */
  const double *tspan; /**< double[2], instead of the model's tspan; may be NULL */
} ude_object_options;

/**
 * Compile a model ahead of time: relocatable object code and a header for C and C++. What links the object needs
 * the C and mathematical libraries (and POSIX threads) only; the object exports nothing but names with the prefix, is reentrant
 * and safe in threads, and may go into a shared library. The header documents every function.
 *
 * @param[out] object  object code, appended; @param[out] header  text, appended; both owned by the caller
 * @return as ude_model_compile; UDE_INVALID_ARGUMENT for a prefix that is no C identifier or an unknown processor
 */
UDE_API ude_status ude_model_object(const char *const *files, size_t file_count,
                                    const ude_compile_options *options,
                                    const ude_object_options *object_options, ude_text *object,
                                    ude_text *header, ude_error *error);

/* ---------------------------------------------------------------------- sparsity patterns -- */

/** What pattern is wanted. Zero value: of d rhs/du, over all paths. */
typedef struct ude_sparsity_request {
  const ude_map *map; /**< of the model's vector field or one of its learned functions; NULL: rhs */
  bool           wrt_param; /**< derivatives by the parameters, not by the state */
  bool           hessian;   /**< second derivatives (of the sum of the map's rows) */
  bool           path;      /**< only of the path that is executed at (u, p, t) */
  const double *u; /**< [state.count] needed with `path` where the map has a state, else not read */
  const double *p; /**< [param.count] needed with `path`; else the values of the members that are
                         const in struct param, which are the same in every use of the pattern.
                         NULL: nothing is known of any parameter */
  double        t; /**< with `path` */
} ude_sparsity_request;

/**
 * The entries of a Jacobian (rows x columns) or Hessian (columns x columns) that may be other than zero:
 * over all branches, for every state, time and trained parameter; or on the executed path. An entry that is
 * absent is zero; there may be entries too many where a value depends on an input only formally (x - x),
 * where an index is computed from inputs, and behind loops without a known bound.
 *
 * @param model  compiled with UDE_SPARSITY
 * @param[out] pattern  to be released with ude_pattern_free
 * @return UDE_INVALID_ARGUMENT (a map that is not the model's or not defined, a missing point),
 *         UDE_UNSUPPORTED (not compiled with UDE_SPARSITY), UDE_NOT_DIFFERENTIABLE (file:line: reason),
 *         UDE_OUT_OF_MEMORY
 * Thread safety: may be called from several threads. Method: see docs/results/sparsity.md.
 */
UDE_API ude_status ude_model_sparsity(const ude_model *model, const ude_sparsity_request *request,
                                      ude_pattern *pattern, ude_error *error);

/* -------------------------------------------------------------- rewriting a model's source -- */

/** The new body of one learned function, in terms of its own argument names. */
typedef struct ude_replacement {
  const char *function; /**< name of the UDE_LEARNED function */
  const char *body;     /**< C statements, without the outer braces */
} ude_replacement;

/** A scalar double member to add to struct param. */
typedef struct ude_new_param {
  const char *name;
  double      value;
  const char *comment; /**< may be NULL */
} ude_new_param;

/**
 * Write the model again as one self-contained C file:
 * - bodies of learned functions replaced; these lose their UDE_LEARNED mark;
 * - static functions and members of struct param that only replaced bodies used removed;
 * - new members added to struct param;
 * - p0 written anew from `p` (the values of the *old* parameters, double[param.count]; NULL keeps the
 *   defaults), the integers of p0 and options->constants, and the new members' values;
 * - quoted includes pasted, macros of -D flags defined where they are not.
 * Everything else keeps its text and comments. The result is checked to compile.
 *
 * @param u0      double[state.count], new default initial state (not where the model defines
 *                `initial`); NULL keeps the model's
 * @param banner  text of a comment at the top; NULL: none
 * @param[out] text   the new source, owned by the caller (free)
 * @return UDE_INVALID_ARGUMENT (no such function; a new member's name is taken), UDE_COMPILE (the model or the result,
 *         with clang's first message), UDE_UNSUPPORTED (what is to change stands in a file that is not
 *         pasted, or comes out of a macro; no libclang), UDE_IO, UDE_OUT_OF_MEMORY
 */
UDE_API ude_status ude_model_rewrite(const char *const *files, size_t file_count,
                                     const ude_compile_options *options,
                                     const ude_replacement *replacements, size_t replacement_count,
                                     const ude_new_param *params, size_t param_count,
                                     const double *p, const double *u0, const char *banner,
                                     char **text, ude_error *error);

#ifdef __cplusplus
}
#endif
#endif
