/* What a screen reader finds of the prompt: its window, then its controls in their order, a line for each:
   class, focus, enabled, password, default, left, top, right, bottom (of the screen), and text, between tabs.
   Exit code 1 when there is no prompt. */
#include <stdio.h>
#include <windows.h>

static void line(HWND window, HWND focus)
{
    WCHAR class[64] = {0}, text[2048] = {0};
    char out[8192] = {0};
    RECT place;
    LONG style = GetWindowLongW(window, GWL_STYLE);
    GetClassNameW(window, class, 64);
    SendMessageTimeoutW(window, WM_GETTEXT, 2048, (LPARAM)text, SMTO_ABORTIFHUNG, 5000, NULL);
    GetWindowRect(window, &place);
    int edit = !lstrcmpiW(class, L"Edit"), button = !lstrcmpiW(class, L"Button");
    printf("%ls\t%d\t%d\t%d\t%d\t%ld\t%ld\t%ld\t%ld\t", class, window == focus, IsWindowEnabled(window) != 0,
           edit && (style & ES_PASSWORD) != 0, button && (style & BS_TYPEMASK) == BS_DEFPUSHBUTTON, place.left,
           place.top, place.right, place.bottom);
    WideCharToMultiByte(CP_UTF8, 0, text, -1, out, sizeof out - 1, NULL, NULL);
    for (char *c = out; *c; c++)
        putchar(*c == '\n' ? '|' : *c);
    putchar('\n');
}

int main(void)
{
    HWND prompt = NULL;
    do
        prompt = FindWindowExW(NULL, prompt, L"#32770", NULL);
    while (prompt && !IsWindowVisible(prompt));
    if (!prompt)
        return 1;
    GUITHREADINFO thread = {sizeof thread};
    GetGUIThreadInfo(GetWindowThreadProcessId(prompt, NULL), &thread);
    line(prompt, GetForegroundWindow());
    for (HWND child = GetWindow(prompt, GW_CHILD); child; child = GetWindow(child, GW_HWNDNEXT))
        line(child, thread.hwndFocus);
    return 0;
}
