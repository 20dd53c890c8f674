// Command oracle says what the Kubernetes API machinery reads from a YAML or JSON text.
//
// It reads one JSON array of base64 texts from standard input and writes one JSON array of answers: for each text its
// documents in order, each a value, and whether it was refused. Only published modules of the Kubernetes project are used.
package main

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"os"

	utiljson "k8s.io/apimachinery/pkg/util/json"
	utilyaml "k8s.io/apimachinery/pkg/util/yaml"
)

const maxDocuments = 100

type document struct {
	Value   any  `json:"value"`
	Refused bool `json:"refused,omitempty"`
}

// read gives the value that the API server decodes from one document's JSON.
func read(asJSON []byte) document {
	if len(asJSON) == 0 { // null, which kubectl skips
		return document{}
	}
	var value any
	if err := utiljson.Unmarshal(asJSON, &value); err != nil {
		return document{Refused: true}
	}
	return document{Value: tag(value)}
}

// tag keeps the difference between an integer and a float, which JSON itself does not make.
func tag(value any) any {
	switch value := value.(type) {
	case map[string]any:
		for key, item := range value {
			value[key] = tag(item)
		}
		return value
	case []any:
		for index, item := range value {
			value[index] = tag(item)
		}
		return value
	case float64:
		return map[string]any{"!float": fmt.Sprintf("%g", value)}
	}
	return value
}

// documents decodes a text as kubectl and client-go do (k8s.io/cli-runtime pkg/resource, StreamVisitor), and goes on after
// an error where they stop.
func documents(text []byte) []document {
	answer := []document{}
	decoder := utilyaml.NewYAMLOrJSONDecoder(bytes.NewReader(text), 4096)
	for len(answer) < maxDocuments {
		var asJSON json.RawMessage
		switch err := decoder.Decode(&asJSON); {
		case err == io.EOF:
			return answer
		case err != nil:
			answer = append(answer, document{Refused: true})
			if bytes.HasPrefix(bytes.TrimSpace(text), []byte("{")) {
				return answer // a JSON stream gives the same error for ever
			}
		default:
			answer = append(answer, read(asJSON))
		}
	}
	return answer
}

func main() {
	var texts [][]byte
	if err := json.NewDecoder(os.Stdin).Decode(&texts); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
	answers := make([][]document, len(texts))
	for index, text := range texts {
		answers[index] = documents(text)
	}
	if err := json.NewEncoder(os.Stdout).Encode(answers); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}
