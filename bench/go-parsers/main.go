// Reads a dump with another parser, for bench/wings/goroutines.mjs: parsers gostackparse|panicparse FILE. Prints how many goroutines it found.
package main

import (
	"fmt"
	"io"
	"os"

	"github.com/DataDog/gostackparse"
	"github.com/maruel/panicparse/v2/stack"
)

func main() {
	file, err := os.Open(os.Args[2])
	if err != nil {
		panic(err)
	}
	defer file.Close()
	switch os.Args[1] {
	case "gostackparse":
		goroutines, _ := gostackparse.Parse(file)
		fmt.Println(len(goroutines))
	case "panicparse":
		snapshot, _, err := stack.ScanSnapshot(file, io.Discard, &stack.Opts{NameArguments: false, AnalyzeSources: false})
		if snapshot == nil {
			panic(err)
		}
		fmt.Println(len(snapshot.Goroutines), len(snapshot.Aggregate(stack.AnyValue).Buckets))
	}
}
