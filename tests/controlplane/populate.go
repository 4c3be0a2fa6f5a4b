package main

import (
	"context"
	"fmt"
	"os"

	corev1 "k8s.io/api/core/v1"
	rbacv1 "k8s.io/api/rbac/v1"
	storagev1 "k8s.io/api/storage/v1"
	"k8s.io/apimachinery/pkg/api/resource"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/client-go/kubernetes"
	"sigs.k8s.io/yaml"
)

// description is the file of --nodes.
type description struct {
	Nodes         []nodeGroup    `json:"nodes"`
	StorageClass  string         `json:"storageClass"`
	Volumes       []volumeGroup  `json:"volumes"`
	Namespaces    []string       `json:"namespaces"`
}

// nodeGroup is some nodes that are alike, named NAME-1, NAME-2 ….
type nodeGroup struct {
	Name   string            `json:"name"`
	Count  int               `json:"count"`
	CPU    string            `json:"cpu"`
	Memory string            `json:"memory"`
	GPUs   int64             `json:"gpus"`
	Labels map[string]string `json:"labels"`
	Taints []corev1.Taint    `json:"taints"`
}

// volumeGroup is some persistent volumes that claims can bind to.
type volumeGroup struct {
	Size        string   `json:"size"`
	Count       int      `json:"count"`
	AccessModes []string `json:"accessModes"`
}

func readDescription(file string) (*description, error) {
	bytes, err := os.ReadFile(file)
	if err != nil {
		return nil, err
	}
	var read description
	if err := yaml.UnmarshalStrict(bytes, &read); err != nil {
		return nil, fmt.Errorf("%s: %w", file, err)
	}
	return &read, nil
}

// populate creates nodes, volumes, namespaces and the users' rights, and waits until nodes are ready to be used.
func populate(ctx context.Context, client kubernetes.Interface, description *description) error {
	for _, namespace := range description.Namespaces {
		object := &corev1.Namespace{ObjectMeta: metav1.ObjectMeta{Name: namespace}}
		if _, err := client.CoreV1().Namespaces().Create(ctx, object, metav1.CreateOptions{}); err != nil {
			return fmt.Errorf("namespace %s: %w", namespace, err)
		}
	}
	var nodes []string
	for _, group := range description.Nodes {
		for number := 1; number <= group.Count; number++ {
			node, err := group.node(number)
			if err != nil {
				return err
			}
			if _, err := client.CoreV1().Nodes().Create(ctx, node, metav1.CreateOptions{}); err != nil {
				return fmt.Errorf("node %s: %w", node.Name, err)
			}
			nodes = append(nodes, node.Name)
		}
	}
	if err := storage(ctx, client, description); err != nil {
		return err
	}
	if err := rights(ctx, client); err != nil {
		return err
	}
	for _, name := range nodes {
		if err := wait(ctx, "node "+name, func() error { return nodeIsUsable(ctx, client, name) }); err != nil {
			return err
		}
	}
	return nil
}

func (g nodeGroup) node(number int) (*corev1.Node, error) {
	cpu, err := resource.ParseQuantity(g.CPU)
	if err != nil {
		return nil, fmt.Errorf("cpu of %s: %w", g.Name, err)
	}
	memory, err := resource.ParseQuantity(g.Memory)
	if err != nil {
		return nil, fmt.Errorf("memory of %s: %w", g.Name, err)
	}
	name := fmt.Sprintf("%s-%d", g.Name, number)
	capacity := corev1.ResourceList{
		corev1.ResourceCPU: cpu, corev1.ResourceMemory: memory, corev1.ResourcePods: resource.MustParse("110"),
		corev1.ResourceEphemeralStorage: resource.MustParse("1Ti"),
	}
	if g.GPUs > 0 {
		capacity["nvidia.com/gpu"] = *resource.NewQuantity(g.GPUs, resource.DecimalSI)
	}
	labels := map[string]string{"kubernetes.io/hostname": name, "kubernetes.io/os": "linux", "kubernetes.io/arch": "amd64"}
	for key, value := range g.Labels {
		labels[key] = value
	}
	return &corev1.Node{
		ObjectMeta: metav1.ObjectMeta{Name: name, Labels: labels},
		Spec:       corev1.NodeSpec{Taints: g.Taints},
		Status:     corev1.NodeStatus{Capacity: capacity, Allocatable: capacity},
	}, nil
}

// nodeIsUsable: Ready, and without the taints of a node that is not.
func nodeIsUsable(ctx context.Context, client kubernetes.Interface, name string) error {
	node, err := client.CoreV1().Nodes().Get(ctx, name, metav1.GetOptions{})
	if err != nil {
		return err
	}
	for _, taint := range node.Spec.Taints {
		if taint.Key == corev1.TaintNodeNotReady || taint.Key == corev1.TaintNodeUnreachable {
			return fmt.Errorf("it has the taint %s", taint.Key)
		}
	}
	for _, condition := range node.Status.Conditions {
		if condition.Type == corev1.NodeReady && condition.Status == corev1.ConditionTrue {
			return nil
		}
	}
	return fmt.Errorf("it is not Ready")
}

// storage: a default class that allows expansion and binds when a pod uses the claim, and volumes to bind to, since
// nothing provisions any here.
func storage(ctx context.Context, client kubernetes.Interface, description *description) error {
	if description.StorageClass == "" {
		return nil
	}
	binding, expansion := storagev1.VolumeBindingWaitForFirstConsumer, true
	class := &storagev1.StorageClass{
		ObjectMeta: metav1.ObjectMeta{
			Name:        description.StorageClass,
			Annotations: map[string]string{"storageclass.kubernetes.io/is-default-class": "true"},
		},
		Provisioner: "kubernetes.io/no-provisioner", VolumeBindingMode: &binding, AllowVolumeExpansion: &expansion,
	}
	if _, err := client.StorageV1().StorageClasses().Create(ctx, class, metav1.CreateOptions{}); err != nil {
		return fmt.Errorf("storage class %s: %w", class.Name, err)
	}
	number := 0
	for _, group := range description.Volumes {
		size, err := resource.ParseQuantity(group.Size)
		if err != nil {
			return fmt.Errorf("size of a volume: %w", err)
		}
		var modes []corev1.PersistentVolumeAccessMode
		for _, mode := range group.AccessModes {
			modes = append(modes, corev1.PersistentVolumeAccessMode(mode))
		}
		for range group.Count {
			number++
			volume := &corev1.PersistentVolume{
				ObjectMeta: metav1.ObjectMeta{Name: fmt.Sprintf("volume-%d", number)},
				Spec: corev1.PersistentVolumeSpec{
					Capacity:                      corev1.ResourceList{corev1.ResourceStorage: size},
					AccessModes:                   modes,
					StorageClassName:              class.Name,
					PersistentVolumeReclaimPolicy: corev1.PersistentVolumeReclaimRetain,
					PersistentVolumeSource: corev1.PersistentVolumeSource{
						HostPath: &corev1.HostPathVolumeSource{Path: fmt.Sprintf("/volumes/%d", number)},
					},
				},
			}
			if _, err := client.CoreV1().PersistentVolumes().Create(ctx, volume, metav1.CreateOptions{}); err != nil {
				return fmt.Errorf("volume %s: %w", volume.Name, err)
			}
		}
	}
	return nil
}

// rights binds alice to `edit` and the viewer to `view`, both in team-a alone.
func rights(ctx context.Context, client kubernetes.Interface) error {
	for name, role := range map[string]string{"alice": "edit", "viewer": "view"} {
		binding := &rbacv1.RoleBinding{
			ObjectMeta: metav1.ObjectMeta{Name: name, Namespace: "team-a"},
			Subjects:   []rbacv1.Subject{{APIGroup: rbacv1.GroupName, Kind: rbacv1.UserKind, Name: name}},
			RoleRef:    rbacv1.RoleRef{APIGroup: rbacv1.GroupName, Kind: "ClusterRole", Name: role},
		}
		// The roles are made by the API server a moment after it is ready.
		create := func() error {
			_, err := client.RbacV1().RoleBindings("team-a").Create(ctx, binding, metav1.CreateOptions{})
			return err
		}
		if err := wait(ctx, "RoleBinding of "+name, create); err != nil {
			return err
		}
	}
	return nil
}
