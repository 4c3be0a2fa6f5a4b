//! What runs, where it is reached, what is passed on, and how things are called.

use super::check;

#[test]
fn images() {
    check(&[
        ("nginx:1.27", "image:nginx:1.27=nginx:1.27 strong | !software"),
        ("pytorch/pytorch:2.4", "image:pytorch/pytorch:2.4=pytorch/pytorch:2.4 | !model | !software"),
        ("use ghcr.io/org/app", "image:ghcr.io/org/app=ghcr.io/org/app | !host"),
        (
            "registry.local:5000/team/app:v1",
            "image:registry.local:5000/team/app:v1=registry.local:5000/team/app:v1 | !host | !count",
        ),
        (
            "quay.io/x/y@sha256:0123456789abcdef",
            "image:quay.io/x/y@sha256:0123456789abcdef=quay.io/x/y@sha256:0123456789abcdef",
        ),
        ("image nginx", "image:nginx=nginx"),
        ("image: my-app", "image:my-app=my-app"),
        ("镜像用nginx:1.27", "image:nginx:1.27=nginx:1.27"),
        ("redis:7", "image:redis:7=redis:7 | !software"),
        ("busybox:latest.", "image:busybox:latest=busybox:latest"),
        ("python:3.11-slim", "image:python:3.11-slim=python:3.11-slim"),
        (
            "nvcr.io/nvidia/pytorch:24.05-py3",
            "image:nvcr.io/nvidia/pytorch:24.05-py3=nvcr.io/nvidia/pytorch:24.05-py3",
        ),
        ("镜像 node:latest", "image:node:latest=node:latest"),
        ("node:20-alpine", "image:node:20-alpine=node:20-alpine"),
        ("node:3", "!image | count:3=3"),
        ("redis:6379", "!image | count:6379=6379"),
        ("10.0.0.1:8080", "!image"),
        ("replicas:3", "!image | count:3=3"),
        ("name:foo1", "!image"),
        ("KEY=nginx:1.27", "!image | key-value:KEY=nginx:1.27=KEY=nginx:1.27"),
        ("at 10:30", "!image"),
        ("https://example.com/x:1", "!image"),
        ("github.com/owner/repo", "!image"),
        ("and/or", "!image | !model"),
        ("an image classification model", "!image"),
        ("the image registry", "!image"),
        ("app.example.com/api", "!image | host:app.example.com=app.example.com | path:/api=/api"),
    ]);
}

#[test]
fn software() {
    check(&[
        ("postgres 16", "software:postgres 16=postgres 16 strong | !count"),
        ("PostgreSQL v16", "software:PostgreSQL v16=postgresql 16"),
        ("nginx", "software:nginx=nginx"),
        ("redis 7.2", "software:redis 7.2=redis 7.2"),
        ("mysql版本8", "software:mysql版本8=mysql 8"),
        ("部署nginx", "software:nginx=nginx"),
        ("一个向量数据库", "software:向量数据库=向量数据库"),
        ("my-redis-2", "!software"),
        ("nginxes", "!software"),
        ("a pytorch-based image", "software:pytorch=pytorch"),
    ]);
}

#[test]
fn models() {
    check(&[
        (
            "serve meta-llama/Llama-3.1-8B-Instruct",
            "model:meta-llama/Llama-3.1-8B-Instruct=meta-llama/Llama-3.1-8B-Instruct strong | !image | !path",
        ),
        ("Qwen2.5-7B-Instruct", "model:Qwen2.5-7B-Instruct=Qwen2.5-7B-Instruct"),
        ("llama 3.1 8b instruct", "model:llama 3.1 8b instruct=llama 3.1 8b instruct"),
        ("mistral 7B", "model:mistral 7B=mistral 7B"),
        ("mixtral 8x7B", "model:mixtral 8x7B=mixtral 8x7B"),
        ("deepseek-r1", "model:deepseek-r1=deepseek-r1"),
        ("gpt-oss-20b", "model:gpt-oss-20b=gpt-oss-20b"),
        ("部署Qwen/Qwen2.5-0.5B模型", "model:Qwen/Qwen2.5-0.5B=Qwen/Qwen2.5-0.5B"),
        ("serve llama", "model:llama=llama weak"),
        ("Llama 2 GPUs", "!model:Llama 2 | count:2=2"),
        ("CPU/GPU", "!model"),
        ("train/test", "!model"),
        ("TCP/UDP", "!model"),
        ("a bloom filter", "!model"),
        ("huggingface.co/foo", "!model"),
    ]);
}

#[test]
fn hosts_paths_and_urls() {
    check(&[
        ("at app.example.com", "host:app.example.com=app.example.com strong"),
        ("on Demo.Lab.Internal", "host:Demo.Lab.Internal=demo.lab.internal"),
        ("*.example.com", "host:*.example.com=*.example.com"),
        ("域名是chat.corp", "host:chat.corp=chat.corp"),
        ("host chat.weird", "host:chat.weird=chat.weird"),
        ("train.py", "!host"),
        ("node.js", "!host"),
        ("python 3.11", "!host"),
        ("e.g. nginx", "!host"),
        ("v1.2.3", "!host"),
        ("bob@example.com", "!host | person:bob@example.com=bob"),
        ("mount at /data", "path:/data=/data strong"),
        ("/mnt/imagenet/train.", "path:/mnt/imagenet/train=/mnt/imagenet/train"),
        ("挂载到/data目录", "path:/data=/data"),
        ("path /", "path:/=/"),
        ("路径/healthz", "path:/healthz=/healthz"),
        ("and/or", "!path"),
        ("24/7", "!path"),
        ("10 requests/s", "!path"),
        (
            "https://example.com/x.git.",
            "url:https://example.com/x.git=https://example.com/x.git | !path | !host",
        ),
        ("s3://bucket/train", "url:s3://bucket/train=s3://bucket/train"),
        ("从s3://bucket/train读取", "url:s3://bucket/train=s3://bucket/train"),
        ("git@github.com:a/b.git", "url:git@github.com:a/b.git=git@github.com:a/b.git | !person"),
    ]);
}

#[test]
fn commands() {
    check(&[
        ("run python train.py", "command:python train.py=python train.py strong"),
        (
            "run \"python train.py --lr 0.1\"",
            "command:python train.py --lr 0.1=python train.py --lr 0.1 | !count",
        ),
        (
            "run python train.py --epochs 3 on two nodes",
            "command:python train.py --epochs 3=python train.py --epochs 3 strong | count:two=2 | !count:3",
        ),
        (
            "a job that runs pg_dump every night",
            "command:pg_dump=pg_dump strong | schedule:every night=0 0 * * *",
        ),
        (
            "command: sleep 3600, three times",
            "command:sleep 3600=sleep 3600 strong | count:three=3 | !count:3600",
        ),
        ("running ./run.sh with 2 GPUs", "command:./run.sh=./run.sh strong | count:2=2"),
        ("runs `nvidia-smi` on a V100", "command:nvidia-smi=nvidia-smi | gpu-product:V100=V100"),
        ("torchrun train.py 4 GPUs", "command:torchrun train.py=torchrun train.py strong | count:4=4"),
        (
            "python -m app.main, 2 replicas",
            "command:python -m app.main=python -m app.main strong | count:2=2",
        ),
        ("run train.py. Then stop", "command:train.py=train.py strong"),
        ("运行 python train.py，用两张卡", "command:python train.py=python train.py | count:两=2"),
        ("执行./backup.sh", "command:./backup.sh=./backup.sh"),
        (
            "命令：torchrun train.py --lr 1e-4",
            "command:torchrun train.py --lr 1e-4=torchrun train.py --lr 1e-4",
        ),
        (
            "跑 python train.py --epochs 3，12小时",
            "command:python train.py --epochs 3=python train.py --epochs 3 | duration:12小时=43200",
        ),
        ("running python 3.11", "!command"),
        ("run a notebook", "!command"),
        ("run 8 GPUs", "!command"),
        ("running redis", "!command"),
        (
            "run python -c 'print(\"a, b\")' on a GPU",
            "command:python -c 'print(\"a, b\")'=python -c 'print(\"a, b\")' strong",
        ),
        ("run python a.py --data /mnt/x", "!path"),
    ]);
}

#[test]
fn key_values_texts_and_access_modes() {
    check(&[
        ("LOG_LEVEL=debug", "key-value:LOG_LEVEL=debug=LOG_LEVEL=debug strong"),
        ("with HF_HOME=/data/hf, 2 GPUs", "key-value:HF_HOME=/data/hf=HF_HOME=/data/hf | !path | count:2=2"),
        ("BATCH=32", "key-value:BATCH=32=BATCH=32 | !count"),
        ("GREETING=\"hello world\"", "key-value:GREETING=\"hello world\"=GREETING=hello world"),
        ("LOG_LEVEL set to debug", "key-value:LOG_LEVEL set to debug=LOG_LEVEL=debug"),
        ("set LOG_LEVEL to debug", "key-value:LOG_LEVEL to debug=LOG_LEVEL=debug"),
        ("label app=web", "key-value:app=web=app=web weak"),
        ("设置MODE=fast就行", "key-value:MODE=fast=MODE=fast"),
        ("gpus=2", "!key-value"),
        ("https://x.org/?a=b", "!key-value"),
        ("x == y", "!key-value"),
        ("saying \"hello 3 world\"", "text:hello 3 world=hello 3 world | !count"),
        ("内容是“你好”", "text:你好=你好"),
        ("「abc」", "text:abc=abc"),
        ("```yaml\na: 1\nb: 2\n```", "text:a: 1\nb: 2=a: 1\nb: 2 | !count"),
        ("Alice's and Bob's notebook", "!text"),
        ("RWX", "access-mode:RWX=ReadWriteMany strong"),
        ("read-write-many", "access-mode:read-write-many=ReadWriteMany | !name"),
        ("shared by many", "access-mode:shared by many=ReadWriteMany"),
        ("a 100Gi shared volume", "access-mode:shared volume=ReadWriteMany"),
        ("ReadOnlyMany", "access-mode:ReadOnlyMany=ReadOnlyMany"),
        ("rwo", "access-mode:rwo=ReadWriteOnce"),
        ("多节点读写", "access-mode:多节点读写=ReadWriteMany"),
        ("共享存储", "access-mode:共享存储=ReadWriteMany"),
    ]);
}

#[test]
fn names() {
    check(&[
        ("called mira-dev", "name:mira-dev=mira-dev strong"),
        ("named Foo_Bar", "name:Foo_Bar=foo-bar strong"),
        ("name it sweep", "name:sweep=sweep strong"),
        ("call it \"My Notebook\"", "name:My Notebook=my-notebook strong"),
        ("name: web", "name:web=web strong"),
        ("a notebook named after me", "!name"),
        ("in namespace vision", "name:vision=vision strong | !name:space"),
        ("in namespace shared", "name:shared=shared strong"),
        ("in namespace training, 2 GPUs", "name:training=training strong"),
        ("in the research namespace", "name:research=research strong"),
        ("命名空间 research", "name:research=research strong"),
        ("命名空间是 inference", "name:inference=inference strong"),
        ("in namespace island need", "name:island=island strong | !name:land"),
        ("(namespace ml)", "name:ml=ml strong"),
        ("a namespace, call it speech89", "name:speech89=speech89 strong | !name:call"),
        ("a namespace call it speech89", "name:speech89=speech89 strong | !name:call"),
        ("namespace called lab", "name:lab=lab strong"),
        ("create a namespace for the team", "!name"),
        ("把 imagenet 挂载上", "name:imagenet=imagenet"),
        ("挂载 coco", "name:coco=coco"),
        ("挂载到/data", "!name"),
        ("mount corpus at /data", "name:corpus=corpus"),
        ("in the research-a namespace", "name:research-a=research-a strong"),
        ("-n staging", "name:staging=staging strong"),
        ("in team-y", "name:team-y=team-y strong"),
        ("in production", "name:production=production weak"),
        ("in parallel", "!name"),
        ("for training", "!name"),
        ("in total", "!name"),
        ("mira-dev please", "name:mira-dev=mira-dev weak"),
        ("multi-node fine-tuning on-demand", "!name"),
        ("real-time inference", "!name"),
        ("I want to fine-tune it", "!name"),
        ("lab2 notebook", "name:lab2=lab2 weak"),
        ("bf16 on h100 with k8s", "!name"),
        ("storage class fast-ssd", "name:fast-ssd=fast-ssd strong"),
        ("queue research-q", "name:research-q=research-q strong"),
        ("from claim datasets", "name:datasets=datasets"),
        ("secret hf-token", "name:hf-token=hf-token strong"),
        ("叫 mira-dev", "name:mira-dev=mira-dev strong"),
        ("叫mira-dev的notebook", "name:mira-dev=mira-dev strong"),
        ("名字是web", "name:web=web strong"),
        ("名为foo-1", "name:foo-1=foo-1 strong"),
        ("命名为 foo", "name:foo=foo strong"),
        ("在 vision 命名空间", "name:vision=vision strong"),
        ("命名空间是team-a", "name:team-a=team-a strong"),
        ("放在vision里", "name:vision=vision"),
        ("叫小王", "!name"),
        ("a new notebook with python", "!name"),
    ]);
}

#[test]
fn people() {
    check(&[
        ("for Alice's Lab", "person:Alice's Lab=alices-lab"),
        ("for Alice's experiments", "person:Alice=alice"),
        ("for Alice", "person:Alice=alice"),
        ("for Nadia's lab", "person:Nadia's lab=nadias-lab"),
        ("for team-payments", "person:team-payments=team-payments"),
        ("owner ops", "person:ops=ops strong"),
        ("owner: bob", "person:bob=bob strong"),
        ("owned by bob", "person:bob=bob strong"),
        ("owner is Mira Chen, 2 GPUs", "person:Mira Chen=mira-chen | count:2=2"),
        ("for team vision", "person:vision=vision strong"),
        ("for the nlp team", "person:nlp=nlp"),
        ("for bob, two GPUs", "person:bob=bob | count:two=2"),
        ("I'm Bob", "person:Bob=bob"),
        ("mira wants a GPU", "person:mira=mira"),
        ("负责人是bob", "person:bob=bob strong"),
        ("给alice用", "person:alice=alice"),
        ("nlp组的训练", "person:nlp=nlp"),
        ("give bob read access to it", "person:bob=bob"),
        ("我是小王", "!person"),
        ("给小王开一个notebook", "!person"),
        ("for PyTorch", "!person"),
        ("for testing", "!person"),
        ("for Kubernetes", "!person"),
        ("I'm looking for a GPU", "!person"),
        ("for the notebook", "!person"),
        ("for nginx", "!person"),
    ]);
}
