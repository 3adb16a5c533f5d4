/**
 * @file sparsity.h
 * @brief Which derivatives of a map may be other than zero.
 *
 * The pattern holds for every value of what is not known: it never lacks an entry. It may have entries
 * too many where a value depends on an input only formally (x - x), where the index of an array is computed
 * from inputs (all elements that it may name), and where a loop has been widened (its exits depend
 * on the inputs and its counter has no bound).
 */
#ifndef UDE_COMPILER_SPARSITY_H
#define UDE_COMPILER_SPARSITY_H

#include <llvm-c/Core.h>

#include <ude/sparsity.h>

typedef struct ude_sparsity_task {
  int64_t       rows, states, params; /**< counts of y, u, p */
  bool          wrt_param;            /**< columns are parameters, not states */
  bool          second;               /**< second derivatives of the sum of y */
  bool          path;                 /**< of the executed path at (u, p, t); else of all paths */
  const double *u,
      *p; /**< the point; without `path` u is not read and p only where known_param is set */
  double t;
  size_t collect_at; /**< words of sets after which unused ones are collected; 0: the default */
  const bool *known_param; /**< [params] these have the values of p in all runs; NULL: none */
} ude_sparsity_task;

/**
 * Pattern of a primal (see transform.h). May rewrite the module into equivalent forms.
 * @param[out] pattern  rows x columns, or columns x columns; to be freed by ude_pattern_free
 * @return UDE_NOT_DIFFERENTIABLE (place, reason, what to do), UDE_OUT_OF_MEMORY, UDE_INTERNAL
 */
ude_status ude_sparsity_run(LLVMModuleRef module, LLVMValueRef primal, const ude_sparsity_task *of,
                            ude_pattern *pattern, ude_error *error);

#endif
