package main

import (
	"bufio"
	"bytes"
	"fmt"
	"io"
	"time"

	chproto "github.com/ClickHouse/ch-go/proto"
	"github.com/ClickHouse/clickhouse-go/v2/lib/column"
	"github.com/ClickHouse/clickhouse-go/v2/lib/proto"
)

// readBuffer is more than the reader of blocks asks for, so that it takes ours
// as it is and both see the same end.
const readBuffer = 1 << 20

// transcode writes blocks in the Native format of revision 0, which is all that
// the engine speaks, as a client of the revision reads them.
func transcode(w io.Writer, part []byte, revision uint64) error {
	source := bufio.NewReaderSize(bytes.NewReader(part), readBuffer)
	reader := chproto.NewReader(source)
	var out chproto.Buffer
	for {
		if _, err := source.Peek(1); err == io.EOF {
			return nil
		}
		block := proto.Block{ServerContext: &column.ServerContext{Timezone: time.UTC}}
		if err := block.Decode(reader, 0); err != nil {
			return fmt.Errorf("read a block of the engine: %w", err)
		}
		out.Reset()
		if err := block.Encode(&out, revision); err != nil {
			return fmt.Errorf("write a block: %w", err)
		}
		if _, err := w.Write(out.Buf); err != nil {
			return err
		}
	}
}
