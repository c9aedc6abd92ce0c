/* Counts the instructions that an emulated program executes, and tells how many they are where the program marks it
 * ("mark N COUNT": it closes the descriptor FIRST_MARK - N, which cannot exist), where it writes to its stdout ("out 1
 * COUNT") and when it ends ("end 0 COUNT").
 *
 * A plug-in of QEMU's interface, version 1 (QEMU 7.2); Debian ships no header of it, so what is used is declared here.
 * Threads that run at once may miscount each other, so count what runs in one.
 */
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

enum { SYSCALL_CLOSE = 57, SYSCALL_WRITE = 64, STDOUT = 1, FIRST_MARK = -1000000 };
enum { INTERFACE_VERSION = 1, INLINE_ADD_U64 = 0 };

typedef uint64_t plugin_id;
struct qemu_plugin_tb;
extern void qemu_plugin_register_vcpu_tb_trans_cb(plugin_id, void (*)(plugin_id, struct qemu_plugin_tb *));
extern void qemu_plugin_register_vcpu_tb_exec_inline(struct qemu_plugin_tb *, int, void *, uint64_t);
extern size_t qemu_plugin_tb_n_insns(const struct qemu_plugin_tb *);
extern void qemu_plugin_register_vcpu_syscall_cb(plugin_id, void (*)(plugin_id, unsigned, int64_t, uint64_t, uint64_t,
    uint64_t, uint64_t, uint64_t, uint64_t, uint64_t, uint64_t));
extern void qemu_plugin_register_atexit_cb(plugin_id, void (*)(plugin_id, void *), void *);
extern void qemu_plugin_outs(const char *);

int qemu_plugin_version = INTERFACE_VERSION;
static uint64_t executed;

static void tell(const char *what, int number)
{
    char line[64];
    snprintf(line, sizeof line, "%s %d %llu\n", what, number, (unsigned long long)executed);
    qemu_plugin_outs(line);
}

static void on_block(plugin_id id, struct qemu_plugin_tb *block)
{
    qemu_plugin_register_vcpu_tb_exec_inline(block, INLINE_ADD_U64, &executed, qemu_plugin_tb_n_insns(block));
}

static void on_call(plugin_id id, unsigned cpu, int64_t call, uint64_t first, uint64_t a2, uint64_t a3, uint64_t a4,
    uint64_t a5, uint64_t a6, uint64_t a7, uint64_t a8)
{
    int32_t descriptor = (int32_t)first;
    if (call == SYSCALL_CLOSE && descriptor <= FIRST_MARK)
        tell("mark", FIRST_MARK - descriptor);
    else if (call == SYSCALL_WRITE && descriptor == STDOUT)
        tell("out", descriptor);
}

static void on_exit(plugin_id id, void *nothing)
{
    tell("end", 0);
}

int qemu_plugin_install(plugin_id id, const void *about, int count, char **words)
{
    qemu_plugin_register_vcpu_tb_trans_cb(id, on_block);
    qemu_plugin_register_vcpu_syscall_cb(id, on_call);
    qemu_plugin_register_atexit_cb(id, on_exit, NULL);
    return 0;
}
