/* Rust >= 1.78 wheels import bcryptprimitives!ProcessPrng, which wine has only since 8.13.
 * For the system32 of TEST prefixes; never ship it. Built by tools/wine/setup. */
#include <windows.h>

BOOLEAN NTAPI SystemFunction036(PVOID, ULONG); /* RtlGenRandom */

__declspec(dllexport) BOOL WINAPI ProcessPrng(PBYTE data, SIZE_T size)
{
    return SystemFunction036(data, (ULONG)size);
}
