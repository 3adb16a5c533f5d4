/** @file build.h
 *  @brief Source files to machine code and reflection: what a cache entry holds. */
#ifndef UDE_COMPILER_BUILD_H
#define UDE_COMPILER_BUILD_H

#include <llvm-c/TargetMachine.h>

#include "compiler/cache.h"
#include "compiler/flat.h"

/** Tangents at once in jvp_wide: a cache line of doubles, one register where there is AVX-512. */
enum { UDE_BUILD_WIDTH = 8 };

/** Trajectories at once: 8 lanes are a register of AVX-512, two of AVX2, four of SSE2 and NEON. Small systems take twice as
 *  many, which costs no registers there and halves the calls. */
enum { UDE_BUILD_LANES = 8, UDE_BUILD_MOST_LANES = 16 };
int ude_build_lanes(const ude_reflection *reflection);
/** Add "ude.lanes.value.MAP", "ude.lanes.jvp.MAP", "ude.lanes.vjp.MAP" to a canonical module of flat maps that is for
 *  nothing else, as `derivatives` ask. What has no form for lanes is left out. */
ude_status ude_build_make_lanes(LLVMModuleRef module, LLVMTargetMachineRef machine,
                                const ude_reflection *reflection, unsigned derivatives,
                                ude_error *error);

/** Is the machine code of jvp and jvp_wide for later? */
bool ude_build_postpones(unsigned derivatives);

/** Name of a learned function as a map: "learned.NAME". */
void ude_build_learned_name(char buffer[UDE_FLAT_NAME], const ude_learned_shape *learned);

/** Compile, reflect, transform. `entry` and `reflection` start empty and are the caller's to free, also
 *  on failure. entry->dependencies stays empty if they are not known. */
ude_status ude_build(const char *const *files, size_t file_count,
                     const ude_compile_options *options, ude_reflection *reflection,
                     ude_cache_entry *entry, ude_error *error);

/** What to do with the derived module instead of making a cache entry of it. */
typedef ude_status (*ude_build_finish)(LLVMModuleRef module, void *context, ude_error *error);

/** ude_build up to the derived module, which `finish` takes; without a probe. */
ude_status ude_build_module(const char *const *files, size_t file_count,
                            const ude_compile_options *options, ude_build_finish finish,
                            void *context, ude_error *error);

#endif
