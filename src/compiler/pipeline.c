/* LLVM passes and machine code. */
#include "compiler/pipeline.h"

#include <llvm-c/BitReader.h>
#include <llvm-c/Target.h>
#include <llvm-c/Transforms/PassBuilder.h>
#include <pthread.h>
#include <string.h>

#include "compiler/split.h"
#include "compiler/transform.h"

static pthread_once_t once = PTHREAD_ONCE_INIT;

static void initialise(void) {
  LLVMInitializeNativeTarget();
  LLVMInitializeNativeAsmPrinter();
  LLVMInitializeNativeAsmParser(); /* of inline assembly */
}

static ude_status make_machine(const char *cpu, const char *features, LLVMCodeModel model,
                               LLVMTargetMachineRef *machine, ude_error *error) {
  char         *triple  = LLVMGetDefaultTargetTriple();
  char         *message = NULL;
  LLVMTargetRef target  = NULL;
  *machine              = NULL;
  if (!LLVMGetTargetFromTriple(triple, &target, &message)) {
    *machine = LLVMCreateTargetMachine(target, triple, cpu, features, LLVMCodeGenLevelAggressive,
                                       LLVMRelocPIC, model);
  }
  ude_status status = *machine ? UDE_OK
                               : ude_fail(error, UDE_UNSUPPORTED, "LLVM has no target for %s: %s",
                                          triple, message ? message : "");
  LLVMDisposeMessage(message);
  LLVMDisposeMessage(triple);
  return status;
}

static ude_status native_machine(LLVMCodeModel model, LLVMTargetMachineRef *machine,
                                 ude_error *error) {
  pthread_once(&once, initialise);
  char      *cpu      = LLVMGetHostCPUName();
  char      *features = LLVMGetHostCPUFeatures();
  ude_status status   = make_machine(cpu, features, model, machine, error);
  LLVMDisposeMessage(cpu);
  LLVMDisposeMessage(features);
  return status;
}

ude_status ude_pipeline_target(LLVMTargetMachineRef *machine, ude_error *error) {
  return native_machine(LLVMCodeModelSmall, machine, error); /* the loader makes stubs */
}

ude_status ude_pipeline_processor(const char *processor, LLVMTargetMachineRef *machine,
                                  ude_error *error) {
  static const char *const levels[] = {"x86-64-v2", "x86-64-v3", "x86-64-v4"};
  pthread_once(&once, initialise);
  if (!processor) {
    return make_machine("", "", LLVMCodeModelDefault, machine, error);
  }
  if (strcmp(processor, "native") == 0) {
    return native_machine(LLVMCodeModelDefault, machine, error);
  }
  char *triple = LLVMGetDefaultTargetTriple();
  bool  known  = false;
  for (size_t i = 0; i < sizeof levels / sizeof levels[0]; i++) {
    known = known || (strcmp(processor, levels[i]) == 0 && strncmp(triple, "x86_64", 6) == 0);
  }
  LLVMDisposeMessage(triple);
  if (!known) {
    return ude_fail(error, UDE_INVALID_ARGUMENT,
                    "unknown processor '%s': give 'native' or (on x86-64) x86-64-v2, x86-64-v3, "
                    "x86-64-v4",
                    processor);
  }
  return make_machine(processor, "", LLVMCodeModelDefault, machine, error);
}

void ude_pipeline_describe(ude_text *text) {
  unsigned major    = 0;
  unsigned minor    = 0;
  unsigned patch    = 0;
  char    *cpu      = LLVMGetHostCPUName();
  char    *features = LLVMGetHostCPUFeatures();
  LLVMGetVersion(&major, &minor, &patch);
  ude_text_append(text, "llvm %u.%u.%u %s %s\n", major, minor, patch, cpu, features);
  LLVMDisposeMessage(cpu);
  LLVMDisposeMessage(features);
}

/* Constants of a model that are read from its object. */
static bool is_data(const char *name) {
  static const char *const constants[] = {"u0",
                                          "p0",
                                          "mass",
                                          "tspan",
                                          "event_direction",
                                          "terminal_events",
                                          "schedule_times",
                                          "discontinuity_times"};
  for (size_t i = 0; i < sizeof constants / sizeof constants[0]; i++) {
    if (strcmp(name, constants[i]) == 0) {
      return true;
    }
  }
  return false;
}

static bool kept(const char *name, const char *prefix, bool data) {
  return strncmp(name, prefix, strlen(prefix)) == 0 || (data && is_data(name));
}

/* Make internal what is defined and not kept. */
static void keep_only(LLVMModuleRef module, const char *prefix, bool data) {
  size_t length = 0;
  for (LLVMValueRef f = LLVMGetFirstFunction(module); f; f = LLVMGetNextFunction(f)) {
    if (!LLVMIsDeclaration(f) && !kept(LLVMGetValueName2(f, &length), prefix, data)) {
      LLVMSetLinkage(f, LLVMInternalLinkage);
    }
  }
  for (LLVMValueRef g = LLVMGetFirstGlobal(module); g; g = LLVMGetNextGlobal(g)) {
    if (LLVMGetInitializer(g) && !kept(LLVMGetValueName2(g, &length), prefix, data)) {
      LLVMSetLinkage(g, LLVMInternalLinkage);
    }
  }
}

void ude_pipeline_hide(LLVMModuleRef module) {
  for (LLVMValueRef f = LLVMGetFirstFunction(module); f; f = LLVMGetNextFunction(f)) {
    if (!LLVMIsDeclaration(f)) {
      LLVMSetLinkage(f, LLVMInternalLinkage);
    }
  }
  for (LLVMValueRef g = LLVMGetFirstGlobal(module); g; g = LLVMGetNextGlobal(g)) {
    if (LLVMGetInitializer(g)) {
      LLVMSetLinkage(g, LLVMInternalLinkage);
    }
  }
}

static void delete_global(LLVMModuleRef module, const char *name) {
  LLVMValueRef global = LLVMGetNamedGlobal(module, name);
  if (global) {
    LLVMDeleteGlobal(global);
  }
}

void ude_pipeline_internalize(LLVMModuleRef module, bool data) {
  static const char *const apart[]   = {"noinline", "optnone"};
  static const char *const machine[] = {"target-cpu", "target-features", "tune-cpu"};
  delete_global(module, "llvm.global.annotations");
  delete_global(module, "llvm.compiler.used");
  delete_global(module, "llvm.used");
  for (LLVMValueRef f = LLVMGetFirstFunction(module); f; f = LLVMGetNextFunction(f)) {
    if (LLVMIsDeclaration(f)) {
      continue;
    }
    bool stays = LLVMGetStringAttributeAtIndex(f, (LLVMAttributeIndex)LLVMAttributeFunctionIndex,
                                               "ude-apart", 9) != NULL; /* user_rule.h */
    for (size_t i = stays ? 1 : 0; i < sizeof apart / sizeof apart[0]; i++) {
      unsigned kind = LLVMGetEnumAttributeKindForName(apart[i], strlen(apart[i]));
      LLVMRemoveEnumAttributeAtIndex(f, (LLVMAttributeIndex)LLVMAttributeFunctionIndex, kind);
    }
    for (size_t i = 0; i < sizeof machine / sizeof machine[0];
         i++) { /* clang's default is a generic one */
      LLVMRemoveStringAttributeAtIndex(f, (LLVMAttributeIndex)LLVMAttributeFunctionIndex,
                                       machine[i], (unsigned)strlen(machine[i]));
    }
  }
  keep_only(module, "ude.", data);
}

static ude_status run(LLVMModuleRef module, LLVMTargetMachineRef machine, const char *passes,
                      ude_error *error) {
  LLVMPassBuilderOptionsRef options = LLVMCreatePassBuilderOptions();
  LLVMErrorRef              failed  = LLVMRunPasses(module, passes, machine, options);
  LLVMDisposePassBuilderOptions(options);
  if (failed) {
    char      *message = LLVMGetErrorMessage(failed);
    ude_status status  = ude_fail(error, UDE_INTERNAL, "LLVM passes '%s': %s", passes, message);
    LLVMDisposeErrorMessage(message);
    return status;
  }
  return UDE_OK;
}

static unsigned instructions_of(LLVMValueRef function, bool *recursive) {
  unsigned count = 0;
  for (LLVMBasicBlockRef b = LLVMGetFirstBasicBlock(function); b; b = LLVMGetNextBasicBlock(b)) {
    for (LLVMValueRef i = LLVMGetFirstInstruction(b); i; i = LLVMGetNextInstruction(i)) {
      count++;
      *recursive = *recursive || (LLVMIsACallInst(i) && LLVMGetCalledValue(i) == function);
    }
  }
  return count;
}

static unsigned calls_of(LLVMValueRef function) {
  unsigned count = 0;
  for (LLVMUseRef use = LLVMGetFirstUse(function); use; use = LLVMGetNextUse(use)) {
    LLVMValueRef user = LLVMGetUser(use);
    count += LLVMIsACallInst(user) && LLVMGetCalledValue(user) == function;
  }
  return count;
}

/* Functions that the inliner left because they are large and called from several places: what a pointer of theirs points to
 * is known for each call apart only when they are inlined, and derivatives keep more than twice as much when it is not. */
static bool mark_helpers(LLVMModuleRef module) {
  enum { MOST = 20000 };
  static const char always[] = "alwaysinline";
  unsigned          kind     = LLVMGetEnumAttributeKindForName(always, sizeof always - 1);
  unsigned          apart    = LLVMGetEnumAttributeKindForName("noinline", 8);
  unsigned          total    = 0;
  bool              any      = false;
  for (LLVMValueRef f = LLVMGetFirstFunction(module); f; f = LLVMGetNextFunction(f)) {
    if (LLVMIsDeclaration(f) || LLVMGetLinkage(f) != LLVMInternalLinkage ||
        LLVMGetEnumAttributeAtIndex(f, (LLVMAttributeIndex)LLVMAttributeFunctionIndex, apart)) {
      continue;
    }
    bool     recursive = false;
    unsigned calls     = calls_of(f);
    unsigned grows     = calls ? instructions_of(f, &recursive) * (calls - 1) : 0;
    if (recursive || !calls || total + grows > MOST) {
      continue;
    }
    total += grows;
    any = true;
    LLVMAddAttributeAtIndex(f, (LLVMAttributeIndex)LLVMAttributeFunctionIndex,
                            LLVMCreateEnumAttribute(LLVMGetModuleContext(module), kind, 0));
  }
  return any;
}

/* Everything is inlined first and simplified once: a third of the time of default<O2>, which simplifies what it inlines
 * again and again. Loops are unrolled only as a whole; the second time those that were nested in others. */
#define COMBINE "instcombine<no-verify-fixpoint>"
#define UNROLL "loop-unroll<O3;no-partial;no-peeling;no-runtime;no-upperbound>"
#define CANONICAL                                                                        \
  "sroa<modify-cfg>,early-cse<memssa>,simplifycfg," COMBINE                              \
  ",tailcallelim,simplifycfg"                                                            \
  ",loop-mssa(loop-instsimplify,loop-simplifycfg,licm<no-allowspeculation>,loop-rotate," \
  "licm<allowspeculation>,simple-loop-unswitch),simplifycfg," COMBINE                    \
  ",loop(loop-idiom,indvars,loop-deletion)," UNROLL                                      \
  ",sroa<modify-cfg>,early-cse<memssa>,gvn,bdce," COMBINE ",loop(indvars)," UNROLL       \
  ",sroa<modify-cfg>,early-cse<memssa>,adce,dse,loop-mssa(licm<allowspeculation>),"      \
  "simplifycfg<hoist-common-insts;sink-common-insts>," COMBINE

ude_status ude_pipeline_canonical(LLVMModuleRef module, LLVMTargetMachineRef machine,
                                  ude_error *error) {
  for (LLVMValueRef f = LLVMGetFirstFunction(module); f; f = LLVMGetNextFunction(f)) {
    LLVMRemoveStringAttributeAtIndex(f, (LLVMAttributeIndex)LLVMAttributeFunctionIndex, UDE_LOWERED,
                                     (unsigned)strlen(UDE_LOWERED));
  }
  static const char first[] =
      "function<eager-inv>(sroa<modify-cfg>,early-cse,simplifycfg),globaldce";
  ude_status status = run(module, machine, first, error);
  if (status == UDE_OK && mark_helpers(module)) {
    status = run(module, machine, "always-inline,globaldce", error);
  }
  if (status == UDE_OK) {
    status =
        run(module, machine,
            "cgscc(inline,function<eager-inv>(" CANONICAL "),function-attrs),globaldce", error);
  }
  return status;
}

/* What default<O3> does to numerical code, without the superword vectoriser: it joins adjoints that were just stored one by
 * one, which stalls the processor's store buffer, and it is what takes superlinear time on large blocks. */
#define SIMPLIFY                                                                            \
  "sroa<modify-cfg>,early-cse<memssa>,simplifycfg," COMBINE                                 \
  ",loop-mssa(loop-instsimplify,loop-simplifycfg,loop-rotate,licm<allowspeculation>),"      \
  "simplifycfg," COMBINE                                                                    \
  ",loop(loop-idiom,indvars,loop-deletion,loop-unroll-full),sroa<modify-cfg>,gvn,adce,dse," \
  "loop-mssa(licm<allowspeculation>),simplifycfg<hoist-common-insts;sink-common-insts>," COMBINE
#define VECTORISE                                                                         \
  "loop(loop-rotate,loop-deletion),loop-vectorize,infer-alignment," COMBINE               \
  ",simplifycfg<forward-switch-cond;switch-range-to-icmp;switch-to-lookup;no-keep-loops;" \
  "hoist-common-insts;sink-common-insts>,vector-combine,loop-unroll<O3;no-runtime>,"      \
  "sroa<preserve-cfg>," COMBINE                                                           \
  ",loop-mssa(licm<allowspeculation>),loop-sink,div-rem-pairs,simplifycfg"

static const char optimise[] = "globaldce,cgscc(inline,function<eager-inv>(" SIMPLIFY
                               ")),globaldce,"
                               "function<eager-inv>(" VECTORISE ")";

ude_status ude_pipeline_object(LLVMModuleRef module, LLVMTargetMachineRef machine,
                               LLVMMemoryBufferRef *object, ude_error *error) {
  ude_status status  = run(module, machine, optimise, error);
  char      *message = NULL;
  *object            = NULL;
  if (status == UDE_OK) {
    ude_split_blocks(module);
  }
  if (status == UDE_OK &&
      LLVMTargetMachineEmitToMemoryBuffer(machine, module, LLVMObjectFile, &message, object)) {
    status = ude_fail(error, UDE_INTERNAL, "machine code: %s", message ? message : "");
    LLVMDisposeMessage(message);
  }
  return status;
}

static ude_status make_part(LLVMContextRef context, LLVMMemoryBufferRef bitcode, ude_part *part) {
  LLVMModuleRef        module  = NULL;
  LLVMTargetMachineRef machine = NULL;
  LLVMMemoryBufferRef  object  = NULL;
  if (LLVMParseBitcodeInContext2(context, bitcode, &module)) {
    return ude_fail(&part->error, UDE_INTERNAL, "transformed code cannot be read back");
  }
  keep_only(module, part->prefix, part->data);
  ude_status status = ude_pipeline_target(&machine, &part->error);
  if (status == UDE_OK) {
    status = ude_pipeline_object(module, machine, &object, &part->error);
  }
  if (object) {
    ude_text_append_bytes(part->object, LLVMGetBufferStart(object), LLVMGetBufferSize(object));
    status = part->object->failed ? ude_fail_memory(&part->error, "machine code") : status;
    LLVMDisposeMemoryBuffer(object);
  }
  if (machine) {
    LLVMDisposeTargetMachine(machine);
  }
  LLVMDisposeModule(module);
  return status;
}

/* LLVM's handler of last resort would print and exit; what matters comes back as an error. */
static void swallow(LLVMDiagnosticInfoRef info, void *context) {
  (void)info;
  (void)context;
}

static void work(size_t i, void *context) {
  ude_part      *part = (ude_part *)context + i;
  LLVMContextRef own  = LLVMContextCreate(); /* LLVM's rule: one thread at a time in a context */
  LLVMMemoryBufferRef buffer = LLVMCreateMemoryBufferWithMemoryRange(
      LLVMGetBufferStart(part->bitcode), LLVMGetBufferSize(part->bitcode), "model", 0);
  LLVMContextSetDiagnosticHandler(own, swallow, NULL);
  part->status = make_part(own, buffer, part);
  LLVMDisposeMemoryBuffer(buffer);
  LLVMContextDispose(own);
}

ude_status ude_pipeline_parts(ude_part *parts, size_t count, ude_error *error) {
  ude_parallel(count, 0, work, parts);
  for (size_t i = 0; i < count; i++) {
    if (parts[i].status) {
      return ude_fail(error, parts[i].status, "%s", parts[i].error.message);
    }
  }
  return UDE_OK;
}
