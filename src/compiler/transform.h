/**
 * @file transform.h
 * @brief Derivatives of LLVM IR: what the transforms take, emit, refuse, and need at run time.
 *
 * A *primal* is an internal function
 *     void f(double *noalias y, const double *noalias readonly u,
 *            const double *noalias readonly p, double t)
 * that may call any code of its module. The module is the whole program (everything else internal), in
 * the form `default<O2>` leaves it in without loop vectorisation, SLP and unrolling, with debug
 * locations where messages should have lines. Transforms add functions; they may rewrite primal code
 * into equivalent forms (sincos into sin and cos, irreducible loops into reducible ones), so keep
 * optimising the whole module afterwards: emitted code expects `default<O3>`.
 *
 * A module is used by one thread at a time. What is emitted is reentrant and thread-safe, unless the
 * model itself writes to static variables.
 */
#ifndef UDE_COMPILER_TRANSFORM_H
#define UDE_COMPILER_TRANSFORM_H

#include <llvm-c/Core.h>
#include <ude/base.h>

/** Attribute of functions that a transform has rewritten already; passes may undo what it says, so take it off. */
#define UDE_LOWERED "ude-lowered"

/** Largest number of tangents that ude_emit_jvp carries at once. */
enum { UDE_MAX_WIDTH = 64 };

/**
 * Forward mode: emit into `module`, with external linkage,
 *     void name(double *y, double *y_dot, const double *u, const double *u_dot,
 *               const double *p, const double *p_dot, double t, const double *t_dot)
 * all pointers non-NULL and not aliasing; x_dot is row-major [count of x][width], t_dot is [width].
 * Writes y and y_dot (the entries that the primal writes).
 *
 * @return the function, or NULL: UDE_NOT_DIFFERENTIABLE (place, chain of inlined calls, reason, what to
 *         do), UDE_OUT_OF_MEMORY, UDE_INVALID_ARGUMENT, UDE_INTERNAL. On failure the module may hold
 *         unfinished functions: discard it.
 */
LLVMValueRef ude_emit_jvp(LLVMModuleRef module, LLVMValueRef primal, int width, const char *name,
                          ude_error *error);

/**
 * Reverse mode: emit into `module`, with external linkage,
 *     int name(double *y, double *y_bar, const double *u, double *u_bar,
 *              const double *p, double *p_bar, double t, double *t_bar)
 * y is scratch and receives the primal's output. y_bar is consumed: entries of outputs that the primal
 * writes are zero afterwards. u_bar, p_bar and *t_bar are added to. Returns 0, or 1 when there was
 * no memory for the tape: then u_bar, p_bar and *t_bar are untouched and y_bar is unchanged.
 * Errors as in ude_emit_jvp.
 */
LLVMValueRef ude_emit_vjp(LLVMModuleRef module, LLVMValueRef primal, const char *name,
                          ude_error *error);

/**
 * The same without the value: y and y_bar are scratch, what they hold afterwards is undefined. What only the value needs
 * is not computed.
 */
LLVMValueRef ude_emit_vjp_alone(LLVMModuleRef module, LLVMValueRef primal, const char *name,
                                ude_error *error);

/**
 * Reverse mode as in ude_emit_vjp, in the form that can be differentiated again (by any of the transforms, any
 * number of times): where the tape is used, through calls. Optimise the module before differentiating it.
 */
LLVMValueRef ude_emit_vjp_inner(LLVMModuleRef module, LLVMValueRef primal, const char *name,
                                ude_error *error);

/**
 * Second derivatives, forward over reverse: emit into `module`, with external linkage,
 *     int name(double *y, double *y_dot, double *y_bar, double *y_bar_dot,
 *              const double *u, const double *u_dot, double *u_bar, double *u_bar_dot,
 *              const double *p, const double *p_dot, double *p_bar, double *p_bar_dot,
 *              double t, const double *t_dot, double *t_bar, double *t_bar_dot)
 * from `inner`, which ude_emit_vjp_inner made; x_dot as in ude_emit_jvp, the rest as in ude_emit_vjp: u_bar
 * += (df/du)^T y_bar, and u_bar_dot += the derivative of that along the `width` directions. The result is that of
 * ude_emit_vjp. Errors as in ude_emit_jvp.
 */
LLVMValueRef ude_emit_hvp(LLVMModuleRef module, LLVMValueRef inner, int width, const char *name,
                          ude_error *error);

/**
 * Taylor mode: emit into `module`, with external linkage, a function that evaluates one order of the map's jets
 * (ude_jet_pass of jet.h) along u(s), t + s; parameters are constant. ude_jet_map and ude_jet_solution call it.
 * Errors as in ude_emit_jvp.
 */
LLVMValueRef ude_emit_jet(LLVMModuleRef module, LLVMValueRef primal, const char *name,
                          ude_error *error);

/** Most lanes of ude_emit_lanes. */
enum { UDE_MAX_LANES = 32 };

/**
 * Several trajectories at once: emit into `module`, with external linkage, a function with the arguments of
 * `function` (a flat map, its jvp or its vjp), all as pointers: where `function` takes a pointer to x[i], this takes x[i][lanes],
 * and for a double (t) a pointer to [lanes]. Results are those of `function` for every lane, to the last bit where no
 * vector library is used. Call on optimised code.
 *
 * @param lanes     2, 4, ..., UDE_MAX_LANES
 * @param features  of the processor (LLVMGetHostCPUFeatures), if functions of the vector mathematics library may be
 *                  called; NULL: not
 * @return NULL: UDE_NOT_DIFFERENTIABLE with place and reason where lanes would not be right or not be faster (heap
 *         blocks in branches, printing, objects of mixed sizes, ...): call `function` for each lane. The module is then as it was.
 */
LLVMValueRef ude_emit_lanes(LLVMModuleRef module, LLVMValueRef function, int lanes,
                            const char *features, const char *name, ude_error *error);

/**
 * Every runtime function that emitted code may call, by the exact name of its declaration in the module
 * (define them as absolute symbols in the JIT, mangled for the target; in a program linked ahead of time they are
 * ordinary external symbols). libm and malloc, free, memcpy are to be found in the process.
 */
void ude_transform_runtime_symbols(void (*add)(const char *name, void *address, void *context),
                                   void *context);

#endif
