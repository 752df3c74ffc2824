// The catalog server of the local test cluster: it loads a file-based catalog
// from a directory and serves it over gRPC to OLM's catalog operator, on
// loopback only.
//
// Usage: catalog-server --catalog DIR --cache DIR --listen 127.0.0.1:PORT
package main

import (
	"context"
	"flag"
	"fmt"
	"io"
	"net"
	"os"
	"os/signal"
	"syscall"

	"github.com/operator-framework/operator-registry/pkg/api"
	"github.com/operator-framework/operator-registry/pkg/cache"
	"github.com/operator-framework/operator-registry/pkg/server"
	"github.com/sirupsen/logrus"
	"google.golang.org/grpc"
	"google.golang.org/grpc/health/grpc_health_v1"
)

func main() {
	catalog := flag.String("catalog", "", "directory of the file-based catalog")
	cacheDir := flag.String("cache", "", "empty directory for the server's index of the catalog")
	listen := flag.String("listen", "", "loopback address to serve on, 127.0.0.1:PORT")
	flag.Parse()

	ctx, stop := signal.NotifyContext(context.Background(), syscall.SIGINT, syscall.SIGTERM)
	defer stop()
	if err := serve(ctx, *catalog, *cacheDir, *listen); err != nil {
		fmt.Fprintln(os.Stderr, "catalog-server:", err)
		os.Exit(1)
	}
}

// serve answers catalog queries until the context ends.
func serve(ctx context.Context, catalog, cacheDir, listen string) error {
	address, err := net.ResolveTCPAddr("tcp", listen)
	if err != nil {
		return fmt.Errorf("--listen %q: %w", listen, err)
	}
	if address.IP == nil || !address.IP.IsLoopback() {
		return fmt.Errorf("--listen %q is not a loopback address", listen)
	}

	quiet := logrus.New()
	quiet.SetOutput(io.Discard)
	store, err := cache.New(cacheDir, cache.WithLog(logrus.NewEntry(quiet)))
	if err != nil {
		return fmt.Errorf("index in %s: %w", cacheDir, err)
	}
	defer store.Close()
	if err := cache.LoadOrRebuild(ctx, store, os.DirFS(catalog)); err != nil {
		return fmt.Errorf("catalog in %s: %w", catalog, err)
	}

	listener, err := net.ListenTCP("tcp", address)
	if err != nil {
		return err
	}
	grpcServer := grpc.NewServer()
	api.RegisterRegistryServer(grpcServer, server.NewRegistryServer(store))
	grpc_health_v1.RegisterHealthServer(grpcServer, server.NewHealthServer())
	go func() {
		<-ctx.Done()
		grpcServer.Stop()
	}()
	fmt.Println("serving", catalog, "on", listener.Addr())
	return grpcServer.Serve(listener)
}
