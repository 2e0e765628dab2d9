/* The one function of this library that programs of Rust import; Windows has it, Wine 8 does not. */
#include <windows.h>
#include <ntsecapi.h>

__declspec(dllexport) BOOL WINAPI ProcessPrng(PBYTE to, SIZE_T size)
{
    return RtlGenRandom(to, size);
}
