/* SoftHSM2, watched: a PKCS#11 module that hands everything on, and writes down who loads it and who logs in. By files of
 * these names it is told to die while it signs ("die"), to answer a login without a word about the PIN ("vague"), to take
 * its time for it ("slow"), and to say that one try is left ("final"). $WATCHED is the folder of all that, $SOFTHSM2 the
 * module it stands before. */
#include <dlfcn.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

typedef unsigned long ulong;
typedef ulong (*function)();
/* CK_FUNCTION_LIST of PKCS#11 2.40: a version, then 68 functions in the order of the standard. */
enum { INITIALIZE = 0, GET_FUNCTION_LIST = 3, GET_TOKEN_INFO = 6, LOGIN = 18, SIGN = 43, FUNCTIONS = 68 };
struct list {
    unsigned char version[2];
    function functions[FUNCTIONS];
};

static struct list *behind;
static struct list watched;

static FILE *noted(const char *name, const char *how)
{
    char path[4096];
    snprintf(path, sizeof path, "%s/%s", getenv("WATCHED"), name);
    return fopen(path, how);
}

static void note(const char *name)
{
    FILE *file = noted(name, "a");
    if (file) {
        fprintf(file, "%d\n", (int)getpid());
        fclose(file);
    }
}

static ulong initialize(void *arguments)
{
    note("loaded");
    return behind->functions[INITIALIZE](arguments);
}

static int told(const char *name)
{
    FILE *file = noted(name, "r");
    if (file)
        fclose(file);
    return file != NULL;
}

static ulong token_info(ulong slot, unsigned char *info)
{
    ulong result = behind->functions[GET_TOKEN_INFO](slot, info);
    /* The flags follow 96 characters of names; CKF_USER_PIN_FINAL_TRY. */
    if (result == 0 && told("final"))
        *(ulong *)(info + 96) |= 0x00020000UL;
    return result;
}

static ulong login(ulong session, ulong user, unsigned char *pin, ulong length)
{
    note("logins");
    if (told("slow"))
        sleep(2);
    if (told("vague"))
        return 5; /* CKR_GENERAL_ERROR */
    return behind->functions[LOGIN](session, user, pin, length);
}

static ulong sign(ulong session, unsigned char *data, ulong length, unsigned char *signature, ulong *size)
{
    if (told("die"))
        abort();
    return behind->functions[SIGN](session, data, length, signature, size);
}

ulong C_GetFunctionList(struct list **list)
{
    void *module = dlopen(getenv("SOFTHSM2"), RTLD_NOW);
    function get = module ? (function)dlsym(module, "C_GetFunctionList") : NULL;
    if (!get || get(&behind))
        return 5; /* CKR_GENERAL_ERROR */
    memcpy(&watched, behind, sizeof watched);
    watched.functions[INITIALIZE] = (function)initialize;
    watched.functions[GET_FUNCTION_LIST] = (function)C_GetFunctionList;
    watched.functions[GET_TOKEN_INFO] = (function)token_info;
    watched.functions[LOGIN] = (function)login;
    watched.functions[SIGN] = (function)sign;
    *list = &watched;
    return 0;
}
