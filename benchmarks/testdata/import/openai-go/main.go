// The nearest call of openai-go.
package main

import (
	"context"
	"fmt"

	"github.com/openai/openai-go/v3"
	"github.com/openai/openai-go/v3/option"
	"github.com/openai/openai-go/v3/packages/param"
)

func main() {
	client := openai.NewClient(option.WithAPIKey("secret"))
	embedding, err := client.Embeddings.New(context.Background(), openai.EmbeddingNewParams{
		Input:      openai.EmbeddingNewParamsInputUnion{OfString: param.NewOpt("XKQPW")},
		Model:      openai.EmbeddingModelTextEmbedding3Small,
		Dimensions: param.NewOpt(int64(2)), User: param.NewOpt("13900001111"),
	})
	fmt.Println(embedding, err)
}
