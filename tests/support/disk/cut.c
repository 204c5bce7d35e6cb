// Shuts a file system down as if the power were cut: what is in memory only does not reach the disk.
#include <fcntl.h>
#include <linux/types.h>
#include <sys/ioctl.h>

#define EXT4_IOC_SHUTDOWN _IOR('X', 125, __u32)
#define NO_LOG_FLUSH 2

int main(int count, char **arguments) {
  __u32 how = NO_LOG_FLUSH;
  return count != 2 || ioctl(open(arguments[1], O_RDONLY), EXT4_IOC_SHUTDOWN, &how) != 0;
}
