/**
 * @file split.c
 * @brief Pieces of long blocks. Instruction selection and both schedulers of LLVM work on a block at a time, in
 *        more than linear time.
 *
 * The code generator joins blocks that follow each other without condition. The pieces are therefore joined by a branch on
 * a pointer parameter being null, both sides of which lead on, one through an assembly statement without instructions:
 * the code generator does not know that they are the same. It costs two instructions in a thousand.
 */
#include "compiler/split.h"

#include <stdbool.h>
#include <stdlib.h>

enum { LONG = 2000, PIECE = 1000 };

/* What leads to `block` leads to it still, but what comes after it comes after `tail`: replacing a block by another also
 * replaces it in the phis of its successors. */
static void hand_successors(LLVMBasicBlockRef block, LLVMBasicBlockRef tail) {
  LLVMReplaceAllUsesWith(LLVMBasicBlockAsValue(block), LLVMBasicBlockAsValue(tail));
  LLVMValueRef next;
  for (LLVMUseRef use = LLVMGetFirstUse(LLVMBasicBlockAsValue(tail)); use;
       use            = LLVMGetFirstUse(LLVMBasicBlockAsValue(tail))) {
    next = LLVMGetUser(use);
    for (unsigned k = 0; k < LLVMGetNumSuccessors(next); k++) {
      if (LLVMGetSuccessor(next, k) == tail) {
        LLVMSetSuccessor(next, k, block);
      }
    }
  }
}

static LLVMBasicBlockRef split(LLVMValueRef function, LLVMValueRef pointer, LLVMBuilderRef builder,
                               LLVMBasicBlockRef block, LLVMValueRef first) {
  LLVMContextRef    context = LLVMGetModuleContext(LLVMGetGlobalParent(function));
  LLVMBasicBlockRef tail    = LLVMAppendBasicBlockInContext(context, function, "");
  LLVMBasicBlockRef aside   = LLVMAppendBasicBlockInContext(context, function, "");
  LLVMTypeRef       type    = LLVMFunctionType(LLVMVoidTypeInContext(context), NULL, 0, false);
  LLVMValueRef      nothing =
      LLVMGetInlineAsm(type, "", 0, "", 0, true, false, LLVMInlineAsmDialectATT, false);
  LLVMMoveBasicBlockAfter(tail, block);
  hand_successors(block, tail);
  LLVMPositionBuilderAtEnd(builder, tail);
  for (LLVMValueRef i = first, next; i; i = next) {
    next = LLVMGetNextInstruction(i);
    LLVMInstructionRemoveFromParent(i);
    LLVMInsertIntoBuilder(builder, i);
  }
  LLVMPositionBuilderAtEnd(builder, block);
  LLVMBuildCondBr(builder, LLVMBuildIsNull(builder, pointer, ""), aside, tail);
  LLVMPositionBuilderAtEnd(builder, aside);
  LLVMBuildCall2(builder, type, nothing, NULL, 0, "");
  LLVMBuildBr(builder, tail);
  return tail;
}

static int length_of(LLVMBasicBlockRef block) {
  int count = 0;
  for (LLVMValueRef i = LLVMGetFirstInstruction(block); i; i = LLVMGetNextInstruction(i)) {
    count++;
  }
  return count;
}

/* All uses of a block are branches: none has its address taken. */
static bool only_branches(LLVMBasicBlockRef block) {
  for (LLVMUseRef use = LLVMGetFirstUse(LLVMBasicBlockAsValue(block)); use;
       use            = LLVMGetNextUse(use)) {
    LLVMValueRef user = LLVMGetUser(use);
    if (!LLVMIsAInstruction(user) || !LLVMIsATerminatorInst(user)) {
      return false;
    }
  }
  return true;
}

/* ------------------------------------------------------------------- values between pieces -- */

/** Blocks first ... last in the order of the function, with one piece after the other. */
typedef struct pieces {
  LLVMValueRef       place; /**< before which local objects are made */
  LLVMBasicBlockRef *block;
  int                count;
} pieces;

static int piece_of(const pieces *of, LLVMBasicBlockRef block) {
  for (int k = 0; k < of->count; k++) {
    if (of->block[k] == block) {
      return k;
    }
  }
  return -1;
}

/* Is the value a number that is used in other pieces, and only in pieces? */
static bool crosses(const pieces *of, LLVMValueRef value) {
  LLVMTypeKind kind = LLVMGetTypeKind(LLVMTypeOf(value));
  if (kind != LLVMDoubleTypeKind && kind != LLVMFloatTypeKind && kind != LLVMVectorTypeKind) {
    return false;
  }
  LLVMBasicBlockRef own    = LLVMGetInstructionParent(value);
  bool              beyond = false;
  for (LLVMUseRef use = LLVMGetFirstUse(value); use; use = LLVMGetNextUse(use)) {
    LLVMValueRef      user  = LLVMGetUser(use);
    LLVMBasicBlockRef where = LLVMGetInstructionParent(user);
    if (LLVMIsAPHINode(user) || (where != own && piece_of(of, where) < 0)) {
      return false;
    }
    beyond = beyond || where != own;
  }
  return beyond;
}

/* The register allocator would spill such a value at the first call anyway, but spends its time on finding out: its
 * live range conflicts with thousands. */
static void pass_through_memory(const pieces *of, LLVMValueRef value, LLVMBuilderRef builder) {
  LLVMTypeRef type = LLVMTypeOf(value);
  LLVMPositionBuilderBefore(builder, of->place);
  LLVMValueRef place = LLVMBuildAlloca(builder, type, "");
  for (int k = 0; k < of->count; k++) {
    LLVMBasicBlockRef block = of->block[k];
    LLVMValueRef      load  = NULL;
    if (block == LLVMGetInstructionParent(value)) {
      continue;
    }
    bool used = false;
    for (LLVMUseRef use = LLVMGetFirstUse(value); use && !used; use = LLVMGetNextUse(use)) {
      used = LLVMGetInstructionParent(LLVMGetUser(use)) == block;
    }
    for (LLVMValueRef i = used ? LLVMGetFirstInstruction(block) : NULL; i;
         i              = LLVMGetNextInstruction(i)) {
      for (int j = 0; j < LLVMGetNumOperands(i); j++) {
        if (LLVMGetOperand(i, (unsigned)j) != value) {
          continue;
        }
        if (!load) {
          LLVMPositionBuilderBefore(builder, i);
          load = LLVMBuildLoad2(builder, type, place, "");
        }
        LLVMSetOperand(i, (unsigned)j, load);
      }
    }
  }
  LLVMValueRef after = LLVMGetNextInstruction(value);
  while (LLVMIsAPHINode(after)) {
    after = LLVMGetNextInstruction(after);
  }
  LLVMPositionBuilderBefore(builder, after);
  LLVMBuildStore(builder, value, place);
}

static void shorten_ranges(const pieces *of, LLVMBuilderRef builder) {
  for (int k = 0; k + 1 < of->count; k++) {
    for (LLVMValueRef i = LLVMGetFirstInstruction(of->block[k]), next; i; i = next) {
      next = LLVMGetNextInstruction(i);
      if (crosses(of, i)) {
        pass_through_memory(of, i, builder);
      }
    }
  }
}

/* -------------------------------------------------------------------------------- functions -- */

static void split_block(LLVMValueRef function, LLVMValueRef pointer, LLVMBuilderRef builder,
                        LLVMBasicBlockRef block, int length) {
  LLVMBasicBlockRef *list = malloc(((size_t)length / PIECE + 2) * sizeof(LLVMBasicBlockRef));
  pieces of = {.place = LLVMGetFirstInstruction(LLVMGetEntryBasicBlock(function)), .block = list};
  if (!list) {
    return; /* it only takes longer */
  }
  int count        = 0;
  list[of.count++] = block;
  for (LLVMValueRef i = LLVMGetFirstInstruction(block); i; i = LLVMGetNextInstruction(i)) {
    if (++count >= PIECE && !LLVMIsAPHINode(i) && !LLVMIsAAllocaInst(i) &&
        !LLVMIsATerminatorInst(i)) {
      block            = split(function, pointer, builder, block, i);
      list[of.count++] = block;
      count            = 1;
    }
  }
  shorten_ranges(&of, builder);
  free(list);
}

static void split_function(LLVMValueRef function, LLVMValueRef pointer, LLVMBuilderRef builder) {
  for (LLVMBasicBlockRef block = LLVMGetFirstBasicBlock(function), next; block; block = next) {
    next       = LLVMGetNextBasicBlock(block);
    int length = length_of(block);
    if (length > LONG && only_branches(block)) {
      split_block(function, pointer, builder, block, length);
    }
  }
}

void ude_split_blocks(LLVMModuleRef module) {
  LLVMBuilderRef builder = LLVMCreateBuilderInContext(LLVMGetModuleContext(module));
  for (LLVMValueRef f = LLVMGetFirstFunction(module); f; f = LLVMGetNextFunction(f)) {
    LLVMValueRef pointer = NULL;
    for (unsigned k = 0; k < LLVMCountParams(f) && !pointer; k++) {
      LLVMValueRef param = LLVMGetParam(f, k);
      pointer            = LLVMGetTypeKind(LLVMTypeOf(param)) == LLVMPointerTypeKind ? param : NULL;
    }
    if (pointer) {
      split_function(f, pointer, builder);
    }
  }
  LLVMDisposeBuilder(builder);
}
