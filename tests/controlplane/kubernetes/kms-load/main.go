// Load for a KMS v2 plugin: calls as an API server makes them (one connection, waiting for the socket to be there), from
// several callers, as fast as they go or at a rate. Every answer is checked. The result is JSON.
//
//	kms-load SOCKET encrypt|decrypt|status SECONDS CALLERS RATE TIMEOUT    (RATE 0: as fast as they go)
//	kms-load --version
//
// At a rate, the time of a call begins when it was due, so that a plugin that stalls does not hide the calls behind it.
//
// It ends by itself, whatever happens: no call begins after SECONDS, none lasts longer than TIMEOUT, a watchdog ends the
// process seconds later, and the kernel ends it once it has used the processor time of that.
package main

import (
	"bytes"
	"context"
	"crypto/rand"
	"encoding/json"
	"fmt"
	"net"
	"os"
	"runtime"
	"runtime/debug"
	"slices"
	"strconv"
	"sync"
	"syscall"
	"time"

	"google.golang.org/grpc"
	"google.golang.org/grpc/credentials/insecure"
	kmsapi "k8s.io/kms/apis/v2"
)

const (
	mostSeconds = 120
	mostCallers = 256
	mostRate    = 100_000
	mostTimeout = 60
	grace       = 3 * time.Second // for the last answers and the result
)

type result struct {
	Requests     int     `json:"requests"`
	Failures     int     `json:"failures"`
	FirstFailure string  `json:"firstFailure"`
	Seconds      float64 `json:"seconds"`
	P50          float64 `json:"p50"`
	P99          float64 `json:"p99"`
	Max          float64 `json:"max"`
}

func connect(socket string) (*grpc.ClientConn, error) {
	return grpc.NewClient(
		"passthrough:///"+socket,
		grpc.WithAuthority("localhost"),
		grpc.WithTransportCredentials(insecure.NewCredentials()),
		grpc.WithDefaultCallOptions(grpc.WaitForReady(true)),
		grpc.WithContextDialer(func(context.Context, string) (net.Conn, error) {
			return net.DialUnix("unix", nil, &net.UnixAddr{Name: socket})
		}))
}

// call returns a function that makes one call and checks the answer; calls end with life at the latest.
func call(
	life context.Context, client kmsapi.KeyManagementServiceClient, method string, timeout time.Duration,
) (func() error, error) {
	plain := make([]byte, 32)
	_, _ = rand.Read(plain)
	within := func(act func(ctx context.Context) error) error {
		ctx, cancel := context.WithTimeout(life, timeout)
		defer cancel()
		return act(ctx)
	}
	var encrypted *kmsapi.EncryptResponse
	encrypt := func(ctx context.Context) (err error) {
		encrypted, err = client.Encrypt(ctx, &kmsapi.EncryptRequest{Plaintext: plain, Uid: "load"})
		return err
	}
	if err := within(encrypt); err != nil {
		return nil, err
	}
	request := &kmsapi.DecryptRequest{
		Ciphertext: encrypted.Ciphertext, Uid: "load", KeyId: encrypted.KeyId, Annotations: encrypted.Annotations,
	}
	acts := map[string]func(ctx context.Context) error{
		"encrypt": func(ctx context.Context) error {
			answer, err := client.Encrypt(ctx, &kmsapi.EncryptRequest{Plaintext: plain, Uid: "load"})
			if err == nil && (len(answer.Ciphertext) == 0 || answer.KeyId == "") {
				return fmt.Errorf("an empty answer")
			}
			return err
		},
		"decrypt": func(ctx context.Context) error {
			answer, err := client.Decrypt(ctx, request)
			if err == nil && !bytes.Equal(answer.Plaintext, plain) {
				return fmt.Errorf("another value")
			}
			return err
		},
		"status": func(ctx context.Context) error {
			answer, err := client.Status(ctx, &kmsapi.StatusRequest{})
			if err == nil && answer.Healthz != "ok" {
				return fmt.Errorf("unhealthy")
			}
			return err
		},
	}
	act, known := acts[method]
	if !known {
		return nil, fmt.Errorf("there is no method %q", method)
	}
	return func() error { return within(act) }, nil
}

// load makes calls until life ends; due tells each caller when its next call is due, and whether there is one.
func load(life context.Context, one func() error, callers int, due func() (time.Time, bool)) result {
	var mutex sync.Mutex
	var group sync.WaitGroup
	var total result
	var times []time.Duration
	begin := time.Now()
	for range callers {
		group.Go(func() {
			var own []time.Duration
			for {
				at, more := due()
				if !more || life.Err() != nil {
					break
				}
				time.Sleep(time.Until(at))
				err := one()
				own = append(own, time.Since(at))
				if err != nil {
					mutex.Lock()
					total.Failures++
					if total.FirstFailure == "" {
						total.FirstFailure = err.Error()
					}
					mutex.Unlock()
				}
			}
			mutex.Lock()
			times = append(times, own...)
			mutex.Unlock()
		})
	}
	group.Wait()
	total.Seconds = time.Since(begin).Seconds()
	total.Requests = len(times)
	if len(times) == 0 {
		return total
	}
	slices.Sort(times)
	at := func(share float64) float64 {
		return float64(times[int(share*float64(len(times)-1))].Microseconds()) / 1000
	}
	total.P50, total.P99, total.Max = at(0.5), at(0.99), at(1)
	return total
}

func pace(seconds, rate float64) func() (time.Time, bool) {
	begin := time.Now()
	end := begin.Add(time.Duration(seconds * float64(time.Second)))
	if rate <= 0 {
		return func() (time.Time, bool) {
			now := time.Now()
			return now, now.Before(end)
		}
	}
	var mutex sync.Mutex
	made := 0
	return func() (time.Time, bool) {
		mutex.Lock()
		defer mutex.Unlock()
		at := begin.Add(time.Duration(float64(made) / rate * float64(time.Second)))
		made++
		return at, at.Before(end)
	}
}

// bounded reads the numbers of the command line; none of them lets the program run for long.
func bounded(texts []string) (numbers [4]float64, err error) {
	for i, most := range [4]float64{mostSeconds, mostCallers, mostRate, mostTimeout} {
		if numbers[i], err = strconv.ParseFloat(texts[i], 64); err != nil {
			return numbers, err
		}
		if !(numbers[i] >= 0 && numbers[i] <= most) { // a NaN is neither
			return numbers, fmt.Errorf("number %d has to be between 0 and %g", i+1, most)
		}
	}
	return numbers, nil
}

// end makes sure that the process ends: by its own clock, and by the kernel's count of its processor time.
func end(after time.Duration) error {
	time.AfterFunc(after, func() {
		fmt.Fprintln(os.Stderr, "kms-load did not end by itself")
		os.Exit(3)
	})
	seconds := uint64((after + time.Second).Seconds()) * uint64(runtime.NumCPU())
	return syscall.Setrlimit(syscall.RLIMIT_CPU, &syscall.Rlimit{Cur: seconds, Max: seconds + 1})
}

func run(arguments []string) error {
	numbers, err := bounded(arguments[2:])
	if err != nil {
		return err
	}
	seconds, timeout := time.Duration(numbers[0]*float64(time.Second)), time.Duration(numbers[3]*float64(time.Second))
	// The first call waits for the plugin, and so does the last; more is not waited for.
	if err := end(seconds + 2*timeout + grace); err != nil {
		return err
	}
	connection, err := connect(arguments[0])
	if err != nil {
		return err
	}
	defer connection.Close()
	life, cancel := context.WithTimeout(context.Background(), seconds+2*timeout)
	defer cancel()
	one, err := call(life, kmsapi.NewKeyManagementServiceClient(connection), arguments[1], timeout)
	if err != nil {
		return err
	}
	return json.NewEncoder(os.Stdout).Encode(load(life, one, int(numbers[1]), pace(numbers[0], numbers[2])))
}

func version() string {
	info, _ := debug.ReadBuildInfo()
	for _, module := range info.Deps {
		if module.Path == "k8s.io/kms" {
			return module.Version
		}
	}
	return "unknown"
}

func main() {
	if len(os.Args) == 2 && os.Args[1] == "--version" {
		fmt.Println("kms-load", version())
		return
	}
	if len(os.Args) != 7 {
		fmt.Fprintln(os.Stderr, "usage: kms-load SOCKET encrypt|decrypt|status SECONDS CALLERS RATE TIMEOUT")
		os.Exit(2)
	}
	if err := run(os.Args[1:]); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}
