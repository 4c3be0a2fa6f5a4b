package main

import (
	"os"
	"strings"

	"k8s.io/client-go/tools/clientcmd"
	clientcmdapi "k8s.io/client-go/tools/clientcmd/api"
)

// adminToken is a token of a control plane that lives for one test run on loopback.
const adminToken = "admin-token"

// user is somebody with a token and a context of the same name.
type user struct {
	name, token, groups string
	// namespace of their context.
	namespace string
}

// users have different rights; see populate for their bindings.
var users = []user{
	{name: "admin", token: adminToken, groups: "system:masters", namespace: "default"},
	// A researcher: nothing but a RoleBinding to `edit` in team-a.
	{name: "alice", token: "alice-token", groups: "researchers", namespace: "team-a"},
	// May look at team-a, and nothing else.
	{name: "viewer", token: "viewer-token", groups: "auditors", namespace: "team-a"},
	// Known, without any right.
	{name: "nobody", token: "nobody-token", groups: "guests", namespace: "team-a"},
}

// writeUsers writes the API server's token file and a kubeconfig with a context for each user, and one whose token is
// not known any more.
func writeUsers(p *controlPlane, ca []byte) error {
	var tokens strings.Builder
	config := clientcmdapi.NewConfig()
	config.Clusters["playground"] = &clientcmdapi.Cluster{Server: p.server(), CertificateAuthorityData: ca}
	everybody := append([]user{{name: "expired", token: "a-token-that-expired", namespace: "team-a"}}, users...)
	for _, one := range everybody {
		if one.name != "expired" {
			tokens.WriteString(one.token + "," + one.name + "," + one.name + ",\"" + one.groups + "\"\n")
		}
		config.AuthInfos[one.name] = &clientcmdapi.AuthInfo{Token: one.token}
		config.Contexts[one.name] = &clientcmdapi.Context{Cluster: "playground", AuthInfo: one.name, Namespace: one.namespace}
	}
	config.CurrentContext = "admin"
	if err := os.WriteFile(p.path("tokens.csv"), []byte(tokens.String()), 0o600); err != nil {
		return err
	}
	return clientcmd.WriteToFile(*config, p.kubeconfig())
}
