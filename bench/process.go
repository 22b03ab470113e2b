package main

import (
	"bytes"
	"context"
	"fmt"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"time"
)

// server is the program running on a data folder, with accounts disabled on loopback.
type server struct {
	cmd    *exec.Cmd
	url    string
	output *bytes.Buffer
}

// startServer starts the program and measures the time from the start of the process
// to the first 200 of GET /api/workspaces.
func startServer(ctx context.Context, s *suite, data, root string, env ...string) (*server, time.Duration, error) {
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return nil, 0, err
	}
	address := listener.Addr().String()
	if err := listener.Close(); err != nil {
		return nil, 0, err
	}
	binary, err := filepath.Abs(s.binary)
	if err != nil {
		return nil, 0, err
	}
	cmd := exec.CommandContext(ctx, binary, "serve", "--listen", address, "--data", data)
	cmd.Dir = s.work
	cmd.Env = append([]string{"PATH=" + os.Getenv("PATH"), "HOME=" + s.work, "AUTH_MODE=disabled", "LOG_LEVEL=warn", "WORKSPACE_ROOTS=" + root}, env...)
	output := &bytes.Buffer{}
	cmd.Stdout, cmd.Stderr = output, output
	begin := time.Now()
	if err := cmd.Start(); err != nil {
		return nil, 0, err
	}
	srv := &server{cmd: cmd, url: "http://" + address, output: output}
	client := &http.Client{Transport: &http.Transport{DisableKeepAlives: true}, Timeout: time.Second}
	for deadline := begin.Add(30 * time.Second); ; {
		res, err := client.Get(srv.url + "/api/workspaces")
		if err == nil {
			res.Body.Close()
			if res.StatusCode == http.StatusOK {
				return srv, time.Since(begin), nil
			}
		}
		if time.Now().After(deadline) {
			srv.stop()
			return nil, 0, fmt.Errorf("the program does not answer: %s", output.String())
		}
		time.Sleep(time.Millisecond)
	}
}

func (v *server) stop() {
	if err := v.cmd.Process.Signal(os.Interrupt); err == nil {
		done := make(chan struct{})
		go func() { v.cmd.Wait(); close(done) }()
		select {
		case <-done:
			return
		case <-time.After(10 * time.Second):
		}
	}
	v.cmd.Process.Kill()
	v.cmd.Wait()
}

// memory gives resident and peak resident bytes of the process.
func (v *server) memory() (now, peak float64, err error) {
	data, err := os.ReadFile(fmt.Sprintf("/proc/%d/status", v.cmd.Process.Pid))
	if err != nil {
		return 0, 0, err
	}
	for line := range strings.Lines(string(data)) {
		fields := strings.Fields(line)
		if len(fields) < 2 || fields[0] != "VmRSS:" && fields[0] != "VmHWM:" {
			continue
		}
		kb, err := strconv.ParseFloat(fields[1], 64)
		if err != nil {
			return 0, 0, err
		}
		if fields[0] == "VmRSS:" {
			now = kb / 1024
		} else {
			peak = kb / 1024
		}
	}
	return now, peak, nil
}
