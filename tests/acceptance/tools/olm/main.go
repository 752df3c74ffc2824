// OLM for the local test cluster: the OLM operator and the catalog operator in
// one process, built from OLM's own packages. The stock binaries each serve
// health and metrics on a fixed port of every interface; this one listens
// nowhere, so that several clusters can run side by side.
//
// Usage: olm --kubeconfig FILE --namespace NAMESPACE
package main

import (
	"context"
	"flag"
	"fmt"
	"os"
	"os/signal"
	"syscall"
	"time"

	configclient "github.com/openshift/client-go/config/clientset/versioned"
	"github.com/operator-framework/operator-lifecycle-manager/pkg/api/client/clientset/versioned"
	"github.com/operator-framework/operator-lifecycle-manager/pkg/controller/operators"
	"github.com/operator-framework/operator-lifecycle-manager/pkg/controller/operators/catalog"
	"github.com/operator-framework/operator-lifecycle-manager/pkg/controller/operators/olm"
	"github.com/operator-framework/operator-lifecycle-manager/pkg/lib/operatorclient"
	"github.com/sirupsen/logrus"
	apiextensionsv1 "k8s.io/apiextensions-apiserver/pkg/apis/apiextensions/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime"
	kubescheme "k8s.io/client-go/kubernetes/scheme"
	"k8s.io/client-go/metadata"
	"k8s.io/client-go/rest"
	"k8s.io/client-go/tools/clientcmd"
	apiregistrationv1 "k8s.io/kube-aggregator/pkg/apis/apiregistration/v1"
	"k8s.io/utils/clock"
	ctrl "sigs.k8s.io/controller-runtime"
	"sigs.k8s.io/controller-runtime/pkg/log/zap"
	"sigs.k8s.io/controller-runtime/pkg/metrics/server"
)

// resync is long: everything that matters here arrives by watch.
const resync = 15 * time.Minute

func main() {
	// A set of its own: controller-runtime claims --kubeconfig in the default one.
	flags := flag.NewFlagSet("olm", flag.ExitOnError)
	kubeconfig := flags.String("kubeconfig", "", "kubeconfig file of the cluster")
	namespace := flags.String("namespace", "everest-olm", "namespace of the global catalogs")
	_ = flags.Parse(os.Args[1:])

	ctx, stop := signal.NotifyContext(context.Background(), syscall.SIGINT, syscall.SIGTERM)
	defer stop()
	if err := run(ctx, *kubeconfig, *namespace); err != nil {
		fmt.Fprintln(os.Stderr, "olm:", err)
		os.Exit(1)
	}
}

// run starts both operators and returns when the context ends.
func run(ctx context.Context, kubeconfig, namespace string) error {
	config, err := clientcmd.BuildConfigFromFlags("", kubeconfig)
	if err != nil {
		return fmt.Errorf("kubeconfig %q: %w", kubeconfig, err)
	}
	// client-go's default of 5 requests a second would make parallel tests queue.
	config.QPS, config.Burst = 200, 400

	logger := logrus.New()
	ctrl.SetLogger(zap.New())

	conditions, err := conditionControllers(config)
	if err != nil {
		return fmt.Errorf("operator conditions: %w", err)
	}
	csvs, err := csvOperator(ctx, config, logger)
	if err != nil {
		return fmt.Errorf("OLM operator: %w", err)
	}
	subscriptions, err := catalogOperator(ctx, kubeconfig, namespace, logger)
	if err != nil {
		return fmt.Errorf("catalog operator: %w", err)
	}
	csvs.Run(ctx)
	subscriptions.Run(ctx)
	return conditions.Start(ctx)
}

// csvOperator turns ClusterServiceVersions into Deployments, in every namespace.
func csvOperator(ctx context.Context, config *rest.Config, logger *logrus.Logger) (*olm.Operator, error) {
	objects, err := versioned.NewForConfig(config)
	if err != nil {
		return nil, err
	}
	openshift, err := configclient.NewForConfig(config)
	if err != nil {
		return nil, err
	}
	operator, err := operatorclient.NewClientFromRestConfig(config)
	if err != nil {
		return nil, err
	}
	meta, err := metadata.NewForConfig(config)
	if err != nil {
		return nil, err
	}
	return olm.NewOperator(ctx,
		olm.WithLogger(logger),
		olm.WithWatchedNamespaces(metav1.NamespaceAll),
		olm.WithResyncPeriod(func() time.Duration { return resync }),
		olm.WithExternalClient(objects),
		olm.WithMetadataClient(meta),
		olm.WithOperatorClient(operator),
		olm.WithRestConfig(config),
		olm.WithConfigClient(openshift),
	)
}

// catalogOperator turns Subscriptions into InstallPlans and carries those out.
func catalogOperator(ctx context.Context, kubeconfig, namespace string, logger *logrus.Logger) (*catalog.Operator, error) {
	scheme := kubescheme.Scheme
	for _, add := range []func(*runtime.Scheme) error{apiextensionsv1.AddToScheme, apiregistrationv1.AddToScheme} {
		if err := add(scheme); err != nil {
			return nil, err
		}
	}
	// The images would run registry and unpack pods; catalogs here are served by
	// address and bundles are inline, so none is ever pulled.
	const noImage = "localhost/unused:latest"
	return catalog.NewOperator(ctx, kubeconfig, clock.RealClock{}, logger, resync,
		noImage, noImage, noImage, namespace, scheme, time.Minute, 10*time.Minute, -1)
}

// conditionControllers give each installed operator its OperatorCondition.
func conditionControllers(config *rest.Config) (ctrl.Manager, error) {
	scheme := runtime.NewScheme()
	if err := operators.AddToScheme(scheme); err != nil {
		return nil, err
	}
	manager, err := ctrl.NewManager(config, ctrl.Options{
		Scheme:  scheme,
		Metrics: server.Options{BindAddress: "0"},
	})
	if err != nil {
		return nil, err
	}
	log := ctrl.Log.WithName("conditions")
	keeper, err := operators.NewOperatorConditionReconciler(manager.GetClient(), log, scheme)
	if err != nil {
		return nil, err
	}
	if err := keeper.SetupWithManager(manager); err != nil {
		return nil, err
	}
	generator, err := operators.NewOperatorConditionGeneratorReconciler(manager.GetClient(), log, scheme)
	if err != nil {
		return nil, err
	}
	return manager, generator.SetupWithManager(manager)
}
