// A KMS v2 plugin for tests: real AES-GCM under a key made of the key's id, so that any instance decrypts what another
// encrypted, whichever id it has now. It keeps nothing safe.
//
//	kms-plugin SOCKET KEY_ID
//	kms-plugin --version
package main

import (
	"context"
	"crypto/aes"
	"crypto/cipher"
	"crypto/sha256"
	"fmt"
	"os"
	"runtime/debug"
	"time"

	"k8s.io/kms/pkg/service"
)

type plugin struct{ keyID string }

func sealer(keyID string) (cipher.AEAD, error) {
	key := sha256.Sum256([]byte(keyID))
	block, err := aes.NewCipher(key[:])
	if err != nil {
		return nil, err
	}
	return cipher.NewGCMWithRandomNonce(block)
}

func (p plugin) Status(context.Context) (*service.StatusResponse, error) {
	return &service.StatusResponse{Version: "v2", Healthz: "ok", KeyID: p.keyID}, nil
}

func (p plugin) Encrypt(_ context.Context, _ string, data []byte) (*service.EncryptResponse, error) {
	aead, err := sealer(p.keyID)
	if err != nil {
		return nil, err
	}
	return &service.EncryptResponse{Ciphertext: aead.Seal(nil, nil, data, nil), KeyID: p.keyID}, nil
}

func (p plugin) Decrypt(_ context.Context, _ string, request *service.DecryptRequest) ([]byte, error) {
	aead, err := sealer(request.KeyID)
	if err != nil {
		return nil, err
	}
	return aead.Open(nil, nil, request.Ciphertext, nil)
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
		fmt.Println("kms-plugin", version())
		return
	}
	if len(os.Args) != 3 {
		fmt.Fprintln(os.Stderr, "usage: kms-plugin SOCKET KEY_ID")
		os.Exit(2)
	}
	_ = os.Remove(os.Args[1]) // what a killed one left behind
	if err := service.NewGRPCService(os.Args[1], 5*time.Second, plugin{os.Args[2]}).ListenAndServe(); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}
