/* Files as bytes of the library, by the assembler. */
#include "report/embedded.h"

#define UDE_EMBED(symbol, path)                                                             \
  __asm__(".section .rodata\n.balign 16\n.hidden " symbol "\n.globl " symbol "\n" symbol    \
          ":\n.incbin \"" path "\"\n.hidden " symbol "_end\n.globl " symbol "_end\n" symbol \
          "_end:\n.byte 0\n.previous\n")

UDE_EMBED("ude_embedded_style", UDE_STYLE);
UDE_EMBED("ude_embedded_script", UDE_SCRIPT);
UDE_EMBED("ude_embedded_echarts", UDE_ECHARTS);
