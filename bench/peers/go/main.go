// The peer in Go: crypto/x509 of the standard library, asked over standard input.
//
// A line "run N" does the task N times and answers "ran WALL CPU" in nanoseconds; "sample" answers "sample BASE64" with
// one output.
package main

import (
	"bufio"
	"encoding/base64"
	"fmt"
	"os"
	"syscall"
	"time"
)

// A task does its work once and gives what it made, or nil where it makes nothing.
type task func() []byte

func main() {
	tasks := map[string]func([]string) task{
		"issue":    issueTask,
		"csr":      csrTask,
		"parse":    parseTask,
		"path":     pathTask,
		"crl":      crlTask,
		"parsecrl": parseCrlTask,
	}
	prepare, known := tasks[os.Args[1]]
	if !known {
		fail(fmt.Errorf("no task %q", os.Args[1]))
	}
	work := prepare(os.Args[2:])
	requests := bufio.NewScanner(os.Stdin)
	for requests.Scan() {
		var count int
		if _, err := fmt.Sscanf(requests.Text(), "run %d", &count); err == nil {
			cpu, start := cpuTime(), time.Now()
			for i := 0; i < count; i++ {
				work()
			}
			wall := time.Since(start)
			fmt.Printf("ran %d %d\n", wall.Nanoseconds(), (cpuTime() - cpu).Nanoseconds())
		} else {
			fmt.Printf("sample %s\n", base64.StdEncoding.EncodeToString(work()))
		}
	}
}

// cpuTime is what all threads of the process have used, the garbage collector's among them.
func cpuTime() time.Duration {
	var usage syscall.Rusage
	must(syscall.Getrusage(syscall.RUSAGE_SELF, &usage))
	return time.Duration(usage.Utime.Nano() + usage.Stime.Nano())
}

func must(err error) {
	if err != nil {
		fail(err)
	}
}

func fail(err error) {
	fmt.Fprintln(os.Stderr, "go peer:", err)
	os.Exit(1)
}
